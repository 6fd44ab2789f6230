"""OpenID Connect Session Management 1.0: `session_state`, and the iframe that compares it.

    answer of /auth: session_state = hash(client, origin, browser state, salt) . salt
    the client's page ──postMessage "client_id session_state"──► iframe /oidc/session/check
                      ◄── unchanged | changed | error ──────────┘ reads the browser state's cookie

The browser state is opaque and derived from the session; it opens nothing. Its cookie is the one
that scripts may read and other sites' frames are sent along with.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from doorward.kit.cookies import clear_cookie, cookie_name, set_cookie
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.html import make_nonce
from doorward.kit.jose import encode_base64url
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse
from doorward.sessions.tables import Session

NAME = "_session_state"
_PURPOSE = "session_state"


async def check_session(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Answer with the iframe (section 3.2). Any page may frame it: it answers each sender with what
    concerns the sender's own origin."""
    nonce = make_nonce()
    html = provider.templates.render(
        "oidc/check_session.html",
        catalogue=provider.texts.get("en"),
        nonce=nonce,
        cookie=cookie_name(NAME, edge=request.edge),
    )
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", b"default-src 'none'; script-src 'self'; base-uri 'none'"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    )
    return OidcResponse(200, headers, html.encode())


def session_state(
    client_id: str, origin: str, session: Session, salt: str, *, sealer: Sealer
) -> str:
    """Return the value for a client's page at `origin` (section 2)."""
    text = f"{client_id} {origin} {_browser_state(session, sealer=sealer)} {salt}"
    return f"{encode_base64url(hashlib.sha256(text.encode()).digest())}.{salt}"


def origin_of(redirect_uri: str) -> str | None:
    """Return the origin that a browser gives to the page at this address; None for an application
    on a device, which has none."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        # What was stored before ports were checked.
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    is_default = port in {None, default}
    return f"{parts.scheme}://{host}" if is_default else f"{parts.scheme}://{host}:{port}"


def browser_state_cookie(session: Session, *, edge: Edge, sealer: Sealer, now: datetime) -> str:
    """Return the Set-Cookie header value by which the iframe knows the session."""
    return set_cookie(
        cookie_name(NAME, edge=edge),
        _browser_state(session, sealer=sealer),
        edge=edge,
        lifetime=session.expires_at - now,
        is_readable=True,
        is_cross_site=True,
    )


def ended_browser_state_cookie(*, edge: Edge) -> str:
    """Return the Set-Cookie header value that forgets the browser state."""
    return clear_cookie(cookie_name(NAME, edge=edge), edge=edge)


def _browser_state(session: Session, *, sealer: Sealer) -> str:
    return sealer.sign(session.id, purpose=_PURPOSE)
