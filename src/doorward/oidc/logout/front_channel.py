"""OpenID Connect Front-Channel Logout 1.0: the page whose frames tell applications of a sign-out.

The browser loads each application's own address in a frame, with the application's cookies, and
then goes on to where the sign-out leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from doorward.applications.cached import find_client
from doorward.kit.crypto import Sealer
from doorward.oidc.html_pages import page
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse
from doorward.oidc.subjects import subjects_of
from doorward.sessions.store import list_session_clients
from doorward.sessions.tables import Session
from doorward.storage import Executor, Snapshot


async def logout_addresses(
    db: Executor, snapshot: Snapshot, *, session: Session, issuer: str, sealer: Sealer
) -> tuple[str, ...]:
    """Return the addresses to load for a session, while it is still there.

    Section 3: `iss` and `sid` let the application see that it is meant.
    """
    addresses = []
    for entry in await list_session_clients(
        db, tenant_id=snapshot.tenant_id, session_id=session.id
    ):
        client = await find_client(snapshot, entry.client_id)
        uri = client.metadata.frontchannel_logout_uri if client else None
        # Stored as a web address; another scheme would run as ours (javascript:).
        if client is None or uri is None or urlsplit(uri).scheme not in {"http", "https"}:
            continue
        subjects = await subjects_of(snapshot, client, sealer=sealer)
        query = urlencode({"iss": issuer, "sid": subjects.sid_of(session.id)})
        addresses.append(f"{uri}{'&' if urlsplit(uri).query else '?'}{query}")
    return tuple(addresses)


async def signing_out_page(
    provider: Provider,
    snapshot: Snapshot,
    request: OidcRequest,
    *,
    addresses: Sequence[str],
    location: str,
) -> OidcResponse:
    """Return the page that loads the addresses and leads on to `location`."""
    return await page(
        provider,
        snapshot,
        request,
        "oidc/signing_out.html",
        frames=addresses,
        addresses=addresses,
        location=location,
    )
