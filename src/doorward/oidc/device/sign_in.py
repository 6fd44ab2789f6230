"""RFC 8628 section 3.3: a person who lets a device in signs in first, and comes back to it."""

from __future__ import annotations

from datetime import datetime

from doorward.audit.store import record
from doorward.device_codes.tables import DeviceCode
from doorward.interactions.cookie import (
    interaction_cookie,
    read_interactions,
    with_interaction,
    without_interaction,
)
from doorward.interactions.store import add_interaction, consume_interaction
from doorward.interactions.tables import Interaction
from doorward.kit.crypto import UnsealError
from doorward.oidc.authorization.begin_session import begin_session
from doorward.oidc.authorization.page_url import page_url
from doorward.oidc.errors import AccessDenied, SessionNotFound
from doorward.oidc.html_pages import in_language
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params
from doorward.oidc.response import OidcResponse, redirect
from doorward.oidc.session_cookie import find_current_session, session_cookie
from doorward.oidc.strangers import charge
from doorward.sessions.config import current_lifetime
from doorward.sessions.tables import Session
from doorward.users.store import find_user

USER_CODE = "sealed_user_code"
"""The parameter of an interaction that belongs to a device. It is sealed: who reads the database
must not learn what somebody is about to approve."""

_PURPOSE = "device.user_code"


async def send_to_sign_in(
    request: OidcRequest,
    provider: Provider,
    *,
    code: DeviceCode,
    user_code: str,
    session: Session | None,
) -> OidcResponse:
    """Let an interaction wait for the person, and send the browser to its first page."""
    edge = request.edge
    params = {
        **code.hints,
        **_chosen_language(request.params),
        "client_id": code.client_id,
        USER_CODE: provider.sealer.seal(user_code, purpose=_PURPOSE),
    }
    charge(provider, edge, params, session=session)
    async with provider.db.transaction(edge.tenant_id) as tx:
        uid = await add_interaction(
            tx,
            tenant_id=edge.tenant_id,
            client_id=code.client_id,
            params=params,
            session_id=session.id if session else None,
            now=provider.clock.now(),
        )
    entries = with_interaction(
        read_interactions(request.headers, edge=edge, sealer=provider.sealer),
        client_id=code.client_id,
        uid=uid,
    )
    cookie = interaction_cookie(entries, edge=edge, sealer=provider.sealer)
    return redirect(page_url(params)).with_cookies(cookie)


async def resume_at_device(
    request: OidcRequest,
    provider: Provider,
    *,
    interaction: Interaction,
    uid: str,
    user_id: str,
    authenticated_at: datetime,
) -> OidcResponse:
    """Begin the session of a person who has signed in, and go back to the page that asks.

    The caller has checked that this browser began the interaction, and who finished it when.
    """
    edge, now = request.edge, provider.clock.now()

    # 1. The account may have been suspended meanwhile.
    user = await find_user(provider.db, tenant_id=edge.tenant_id, user_id=user_id)
    if user is None or user.is_suspended:
        raise AccessDenied("the account cannot be used", detail=user_id)
    try:
        user_code = provider.sealer.unseal(interaction.params[USER_CODE], purpose=_PURPOSE)
    except UnsealError as error:
        raise SessionNotFound("authorization request has expired") from error

    # 2. Consume the interaction and begin the session: both or neither, and once.
    lifetime = await current_lifetime(await provider.snapshots.current(edge.tenant_id))
    known = await find_current_session(provider.db, request, clock=provider.clock)
    async with provider.db.transaction(edge.tenant_id) as tx:
        if not await consume_interaction(tx, tenant_id=edge.tenant_id, interaction=interaction):
            raise SessionNotFound("authorization request has expired")
        token, session = await begin_session(
            tx,
            edge,
            known=known,
            user_id=user_id,
            authenticated_at=authenticated_at,
            amr=interaction.amr or [],
            lifetime=lifetime,
            now=now,
        )
        await record(
            tx,
            tenant_id=edge.tenant_id,
            key="Interaction.End",
            edge=edge,
            at=now,
            user_id=user_id,
            application_id=interaction.client_id,
            session_id=session.id,
        )

    # 3. Back to the device. Nothing is approved yet: the page asks.
    entries = read_interactions(request.headers, edge=edge, sealer=provider.sealer)
    cookie = interaction_cookie(
        without_interaction(entries, uid=uid), edge=edge, sealer=provider.sealer
    )
    location = in_language(
        "/device", {"user_code": user_code}, ui_locales=interaction.params.get("ui_locales")
    )
    return redirect(location).with_cookies(
        cookie, session_cookie(token, session, edge=edge, now=now)
    )


def _chosen_language(params: Params) -> dict[str, str]:
    """The language of the page that the person was on goes before that of the device."""
    chosen = params.get("ui_locales")
    return {"ui_locales": chosen} if chosen else {}
