"""RFC 8628 sections 3.4 and 3.5: the device code, asked about until its person has answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NoReturn

import msgspec

from doorward.applications.cached import Client
from doorward.consents.asked import Asked
from doorward.device_codes.store import find_device_code, note_poll, redeem_code, slow_down
from doorward.device_codes.tables import DeviceCode, Status
from doorward.grants.store import add_grant
from doorward.grants.tables import Grant
from doorward.kit.crypto import hash_token
from doorward.kit.edge import Edge
from doorward.kit.ids import new_ordered_id
from doorward.oidc.device.consent import find_allowed
from doorward.oidc.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    SlowDown,
)
from doorward.oidc.grants.issuing import (
    first_refresh_token,
    record_exchange,
    sign_tokens,
    store_first_token,
)
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.sender_constraint import Confirmation
from doorward.oidc.tables import TokenContext
from doorward.oidc.tokens import (
    TokenResponse,
    is_offline,
)
from doorward.security.levels import reached_acr
from doorward.sessions.store import join_session
from doorward.storage import ForeignKeyViolation, Snapshot
from doorward.users.store import find_user

SLOWER = 5
"""Seconds by which a slow_down lengthens the interval (section 3.5)."""

_JITTER = timedelta(seconds=1)
"""By so much a network may bring two polls closer together."""


class _CodeWasUsed(Exception):
    """Another request was faster; undoes the transaction."""


class Approved(msgspec.Struct, frozen=True):
    """What the person granted to the device: a `Held` of `tokens.py`."""

    grant_id: str
    client_id: str
    user_id: str
    session_id: str | None
    scope: str
    resources: list[str]
    authenticated_at: datetime
    context: TokenContext


async def device_code(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    client: Client,
    *,
    cnf: Confirmation | None,
) -> TokenResponse:
    """Exchange a device code for tokens, once its person has said yes.

    Raises:
        InvalidRequest: no device code. InvalidGrant: not one of this client, or used.
        AuthorizationPending, SlowDown, ExpiredToken, AccessDenied: section 3.5.
    """
    edge, db, now = request.edge, provider.db, provider.clock.now()
    tenant_id = edge.tenant_id

    # 1. The code, in this tenant, and given to this client.
    value = request.params.get("device_code")
    if value is None:
        raise InvalidRequest("missing required parameter device_code")
    code = await find_device_code(db, tenant_id=tenant_id, device_code_hash=hash_token(value))
    if code is None or code.client_id != client.id:
        raise InvalidGrant("device code not found")

    # 2. How the person answered.
    if code.expires_at <= now:
        raise ExpiredToken("device code is expired")
    if code.status == Status.REFUSED:
        raise AccessDenied("the person refused the device")
    user_id, authenticated_at = code.user_id, code.authenticated_at
    if code.status != Status.APPROVED or user_id is None or authenticated_at is None:
        await _keep_waiting(provider, edge, code=code, now=now)
    allowed = await find_allowed(snapshot, db, code=code, client=client, user_id=user_id)
    held = Approved(
        grant_id=new_ordered_id(now),
        client_id=code.client_id,
        user_id=user_id,
        session_id=code.session_id,
        scope=code.scope if allowed is None else _narrowed(code, allowed),
        resources=code.resources,
        authenticated_at=authenticated_at,
        context=TokenContext(
            acr=reached_acr(code.amr or ()),
            amr=tuple(code.amr or ()),
            cnf=cnf,
            consented=None if allowed is None else allowed.resource_scopes,
        ),
    )

    # 3. Decide and sign.
    user = await find_user(db, tenant_id=tenant_id, user_id=user_id)
    if user is None:
        raise InvalidGrant("the user is gone")
    signed = await sign_tokens(
        request,
        provider,
        snapshot,
        client,
        held=held,
        user=user,
        scope=held.scope,
        nonce=None,
        now=now,
        is_first=True,
    )
    refresh_token, grant_expires_at = first_refresh_token(
        signed, is_wanted=is_offline(held), provider=provider, tenant_id=tenant_id, now=now
    )

    # 4. Redeem the code and store what it turns into: all or nothing, and for one caller.
    grant = Grant(
        id=held.grant_id,
        user_id=held.user_id,
        client_id=client.id,
        session_id=held.session_id,
        is_offline=is_offline(held),
        created_at=now,
        expires_at=grant_expires_at,
    )
    try:
        async with db.transaction(tenant_id) as tx:
            if not await redeem_code(tx, tenant_id=tenant_id, code=code, now=now):
                raise _CodeWasUsed
            await add_grant(tx, tenant_id=tenant_id, grant=grant)
            if held.session_id is not None:
                await join_session(
                    tx,
                    tenant_id=tenant_id,
                    session_id=held.session_id,
                    client_id=client.id,
                    now=now,
                )
            await store_first_token(
                tx,
                tenant_id=tenant_id,
                signed=signed,
                client=client,
                refresh_token=refresh_token,
                grant_expires_at=grant_expires_at,
                now=now,
            )
            await record_exchange(
                tx, request, key="ExchangeTokenBy.DeviceCode", signed=signed, now=now
            )
    except _CodeWasUsed:
        raise InvalidGrant("device code already redeemed") from None
    except ForeignKeyViolation:
        raise InvalidGrant("the user or the session is gone") from None
    return signed.answer(cnf=cnf, refresh_token=refresh_token)


async def _keep_waiting(
    provider: Provider, edge: Edge, *, code: DeviceCode, now: datetime
) -> NoReturn:
    """Note the poll, in a transaction of its own since the request is refused, and refuse it.

    Raises:
        SlowDown: it came too early; from now on the device has to wait longer.
        AuthorizationPending: it came in time.
    """
    async with provider.db.transaction(edge.tenant_id) as tx:
        is_in_time = await note_poll(
            tx,
            tenant_id=edge.tenant_id,
            code=code,
            next_poll_at=now + timedelta(seconds=code.interval) - _JITTER,
            now=now,
        )
        if not is_in_time:
            interval = code.interval + SLOWER
            await slow_down(
                tx,
                tenant_id=edge.tenant_id,
                code=code,
                interval=interval,
                next_poll_at=now + timedelta(seconds=interval) - _JITTER,
            )
    if is_in_time:
        raise AuthorizationPending("the person has not answered yet")
    raise SlowDown(f"the interval between two requests is now {interval} seconds")


def _narrowed(code: DeviceCode, allowed: Asked) -> str:
    names = {*allowed.scopes, *(n for names in allowed.resource_scopes.values() for n in names)}
    return " ".join(name for name in code.scope.split() if name in names)
