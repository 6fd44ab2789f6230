"""OpenID Connect Core section 3.1.2.3: the person is sent to a page, and the request waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doorward.interactions.cookie import Entries, interaction_cookie, with_interaction
from doorward.interactions.store import add_interaction
from doorward.oidc.authorization.page_url import page_url
from doorward.oidc.authorization.request import stored_params
from doorward.oidc.authorization.source import RequestSource, hold_source
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.sessions.tables import Session
from doorward.storage import Transaction


async def begin_interaction(
    tx: Transaction,
    request: OidcRequest,
    provider: Provider,
    *,
    client_id: str,
    source: RequestSource,
    session: Session | None,
    entries: Entries,
    page: Callable[[dict[str, Any]], str] = page_url,
) -> OidcResponse:
    """Keep the request as an interaction of this browser and send the person to `page`."""
    edge, now = request.edge, provider.clock.now()
    params = stored_params(source.params)
    await hold_source(tx, tenant_id=edge.tenant_id, source=source, now=now)
    uid = await add_interaction(
        tx,
        tenant_id=edge.tenant_id,
        client_id=client_id,
        params=source.stored(params),
        session_id=session.id if session else None,
        now=now,
    )
    entries = with_interaction(entries, client_id=client_id, uid=uid)
    cookie = interaction_cookie(entries, edge=edge, sealer=provider.sealer)
    return redirect(page(params)).with_cookies(cookie)
