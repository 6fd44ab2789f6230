"""Entering and leaving the console: the product's own OpenID Connect, as any client would use it.

    GET  /console/welcome    no administrator exists yet: the first page of a new installation
    GET  /console/sign-in    ─► /oidc/auth (code flow, PKCE S256, state, nonce)
    GET  /console/callback   ◄─ code ─► /oidc/token ─► ID token verified ─► a session of the console
    POST /console/sign-out   ends the session here and, through /oidc/session/end, at the provider

State, nonce and code verifier wait in a sealed cookie, so that an answer counts only in the browser
that asked (OpenID Connect Core section 3.1.2.1, RFC 7636, RFC 9700 section 4.7).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from litestar import Response, get, post

from doorward.console.console import (
    LANGUAGE,
    MANAGED_TENANT,
    SESSION_COOKIE,
    AnyRequest,
    Console,
    NotAnAdministrator,
    check_admin_tenant,
    drop_cookie,
    find_administrator,
    keep_cookie,
    redirect,
)
from doorward.console.hosted import hosted_message, hosted_page
from doorward.console.internal import Asgi, InternalAnswer, post_form
from doorward.console.store import (
    LIFETIME,
    add_console_session,
    end_console_session,
)
from doorward.keys.ring import current_keys
from doorward.kit import jose
from doorward.kit.clock import Clock
from doorward.kit.cookies import cookie_name, find_cookie
from doorward.kit.crypto import Sealer, UnsealError, hash_token, is_equal
from doorward.kit.edge import Edge
from doorward.kit.html import Pages as Templates
from doorward.kit.i18n import Catalogues
from doorward.kit.ids import new_token
from doorward.kit.jose import JoseError
from doorward.storage import Database, Snapshots
from doorward.tenants.seed import (
    ADMIN_TENANT,
    CONSOLE_APPLICATION_ID,
    MANAGEMENT_SCOPE,
    management_indicator,
)
from doorward.users.store import has_users

HOME = "/console/get-started"
PENDING_COOKIE = "_console_sign_in"
PENDING_LIFETIME = timedelta(minutes=30)
_PENDING_PURPOSE = "console.sign_in"
_SCOPE = f"openid profile {MANAGEMENT_SCOPE}"
_LEEWAY = 60
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Pending(msgspec.Struct, frozen=True):
    """A sign-in that was begun, as the sealed cookie holds it."""

    state: str
    nonce: str
    code_verifier: str
    return_to: str
    expires_at: int


@get("/console", include_in_schema=False)
async def get_home(edge: Edge) -> Response[str]:
    """Lead to the first page of the menu."""
    check_admin_tenant(edge)
    return redirect(HOME)


@get("/console/welcome", include_in_schema=False)
async def get_welcome(
    edge: Edge, db: Database, templates: Templates, texts: Catalogues
) -> Response[str]:
    """Greet the first visitor of a new installation; afterwards there is nothing to greet for."""
    check_admin_tenant(edge)
    if await has_users(db, tenant_id=ADMIN_TENANT):
        return redirect(HOME)
    return hosted_page(
        "console/welcome.html",
        edge=edge,
        templates=templates,
        catalogue=texts.get(LANGUAGE),
        create_url="/console/sign-in?first_screen=register",
    )


@get("/console/sign-in", include_in_schema=False)
async def begin_sign_in(
    request: AnyRequest, edge: Edge, db: Database, clock: Clock, sealer: Sealer
) -> Response[str]:
    """Send the browser to the provider."""
    check_admin_tenant(edge)
    if _is_loopback_alias(request, edge):
        # The answer comes back to the endpoint's own name; a cookie of 127.0.0.1 would not.
        return redirect(f"{edge.endpoint}/console/sign-in?{request.url.query}")
    first_screen = request.query_params.get("first_screen")
    if first_screen != "register" and not await has_users(db, tenant_id=ADMIN_TENANT):
        return redirect("/console/welcome")

    # 1. What the answer will be held against waits in this browser.
    pending = Pending(
        state=new_token(),
        nonce=new_token(),
        code_verifier=new_token(),
        return_to=local_path(request.query_params.get("return_to")),
        expires_at=clock.seconds() + int(PENDING_LIFETIME.total_seconds()),
    )

    # 2. The authorization request (OpenID Connect Core section 3.1.2.1, RFC 7636, RFC 8707).
    query = {
        "client_id": CONSOLE_APPLICATION_ID,
        "redirect_uri": redirect_uri(edge),
        "response_type": "code",
        "scope": _SCOPE,
        "resource": management_indicator(MANAGED_TENANT),
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": code_challenge(pending.code_verifier),
        "code_challenge_method": "S256",
    }
    if first_screen == "register":
        query["first_screen"] = "register"
    response = redirect(f"{edge.issuer}/auth?{urlencode(query)}")
    sealed = sealer.seal(msgspec.json.encode(pending).decode(), purpose=_PENDING_PURPOSE)
    keep_cookie(response, PENDING_COOKIE, sealed, edge=edge, lifetime=PENDING_LIFETIME)
    return response


@get("/console/callback", include_in_schema=False)
async def end_sign_in(
    request: AnyRequest,
    edge: Edge,
    db: Database,
    snapshots: Snapshots,
    clock: Clock,
    sealer: Sealer,
    templates: Templates,
    texts: Catalogues,
    call_internally: Asgi,
) -> Response[str]:
    """Take the provider's answer and begin a session of the console."""
    check_admin_tenant(edge)
    params = request.query_params
    catalogue = texts.get(LANGUAGE)

    def refuse(reason: str, *, status: int = 400) -> Response[str]:
        return hosted_message(
            f"console_sign_in.{reason}",
            edge=edge,
            templates=templates,
            catalogue=catalogue,
            status=status,
            actions=(("console_sign_in.again", "/console/sign-in"),),
        )

    # 1. The answer belongs to a sign-in that this browser began, and comes from our provider.
    pending = _find_pending(request, edge=edge, sealer=sealer, now=clock.seconds())
    if pending is None or not is_equal(params.get("state", ""), pending.state):
        return refuse("stale")
    # RFC 9207 section 2.4: the mix-up defence.
    if params.get("iss") != edge.issuer:
        return refuse("stale")
    code = params.get("code")
    if "error" in params or not code:
        return refuse("refused")

    # 2. The code for tokens (RFC 6749 section 4.1.3).
    answer = await post_form(
        call_internally,
        "/oidc/token",
        form={
            "grant_type": "authorization_code",
            "client_id": CONSOLE_APPLICATION_ID,
            "code": code,
            "redirect_uri": redirect_uri(edge),
            "code_verifier": pending.code_verifier,
            "resource": management_indicator(MANAGED_TENANT),
        },
        edge=edge,
        on_behalf_of=request.scope,
    )
    ring = await current_keys(await snapshots.current(ADMIN_TENANT), sealer=sealer)
    claims = _verify(
        answer,
        keys=ring.verification_keys,
        issuer=edge.issuer,
        nonce=pending.nonce,
        now=clock.seconds(),
    )
    if claims is None:
        return refuse("refused")

    # 3. Only who may manage the tenant comes in.
    granted = str(answer.body.get("scope", "")).split()
    user_id = str(claims["sub"])
    if (
        MANAGEMENT_SCOPE not in granted
        or await find_administrator(db, snapshots, user_id=user_id) is None
    ):
        raise NotAnAdministrator

    # 4. A new session, whatever token the browser came with (session fixation).
    old = find_cookie(request.scope["headers"], cookie_name(SESSION_COOKIE, edge=edge))
    async with db.transaction(ADMIN_TENANT) as tx:
        if old:
            await end_console_session(tx, tenant_id=ADMIN_TENANT, token_hash=hash_token(old))
        token = await add_console_session(
            tx,
            tenant_id=ADMIN_TENANT,
            user_id=user_id,
            session_id=claims.get("sid"),
            id_token=answer.body["id_token"],
            now=clock.now(),
        )
    response = redirect(pending.return_to)
    keep_cookie(response, SESSION_COOKIE, token, edge=edge, lifetime=LIFETIME)
    drop_cookie(response, PENDING_COOKIE, edge=edge)
    return response


@post("/console/sign-out", include_in_schema=False)
async def sign_out(console: Console, edge: Edge, db: Database) -> Response[str]:
    """End the session of the console, then the one at the provider."""
    session = console.session
    async with db.transaction(ADMIN_TENANT) as tx:
        await end_console_session(tx, tenant_id=ADMIN_TENANT, token_hash=session.token_hash)
    # OpenID Connect RP-Initiated Logout section 2: with the hint nobody needs to be asked.
    query = {
        "id_token_hint": session.id_token,
        "client_id": CONSOLE_APPLICATION_ID,
        "post_logout_redirect_uri": f"{edge.endpoint}/console",
    }
    response = redirect(f"{edge.issuer}/session/end?{urlencode(query)}")
    drop_cookie(response, SESSION_COOKIE, edge=edge)
    return response


def redirect_uri(edge: Edge) -> str:
    """Return the redirect URI of the console."""
    return f"{edge.endpoint}/console/callback"


def code_challenge(code_verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return jose.encode_base64url(hashlib.sha256(code_verifier.encode()).digest())


def local_path(path: str | None) -> str:
    """Return `path` if it is a page of the console, else the first page.

    Whatever a browser could read as another host is no path of ours (open redirect).
    """
    if not path or not path.startswith("/console/"):
        return HOME
    # Browsers drop tabs and newlines, and take a backslash for a slash.
    if not path.isascii() or any(c <= " " or c in "\\\x7f" for c in path):
        return HOME
    parts = urlsplit(path)
    return HOME if parts.scheme or parts.netloc else path


def _is_loopback_alias(request: AnyRequest, edge: Edge) -> bool:
    """Tell whether this machine was called by another of its names than the endpoint's."""
    asked = request.headers.get("host", "").rpartition(":")[0].strip("[]")
    own = urlsplit(edge.endpoint).hostname
    return asked != own and asked in _LOOPBACK and own in _LOOPBACK


def _find_pending(request: AnyRequest, *, edge: Edge, sealer: Sealer, now: int) -> Pending | None:
    value = find_cookie(request.scope["headers"], cookie_name(PENDING_COOKIE, edge=edge))
    if not value:
        return None
    try:
        opened = sealer.unseal(value, purpose=_PENDING_PURPOSE)
        pending = msgspec.json.decode(opened, type=Pending)
    except (UnsealError, msgspec.MsgspecError):
        return None
    return pending if now < pending.expires_at else None


def _verify(
    answer: InternalAnswer, *, keys: Any, issuer: str, nonce: str, now: int
) -> dict[str, Any] | None:
    """Return the claims of the ID token (OpenID Connect Core section 3.1.3.7), or None."""
    id_token = answer.body.get("id_token")
    if answer.status != 200 or not isinstance(id_token, str):
        return None
    try:
        claims = jose.decode(id_token, keys=keys)
    except JoseError:
        return None
    is_ours = claims.get("iss") == issuer and claims.get("aud") == CONSOLE_APPLICATION_ID
    is_fresh = isinstance(claims.get("exp"), int) and now < claims["exp"] + _LEEWAY
    has_nonce = is_equal(str(claims.get("nonce", "")), nonce)
    return claims if is_ours and is_fresh and has_nonce and claims.get("sub") else None
