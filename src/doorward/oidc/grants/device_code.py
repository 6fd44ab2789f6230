"""RFC 8628 sections 3.4 and 3.5: the device code, asked about until its person has answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NoReturn

import msgspec

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.consents.asked import Asked
from doorward.device_codes.store import find_device_code, note_poll, redeem_code, slow_down
from doorward.device_codes.tables import DeviceCode, Status
from doorward.grants.store import add_grant
from doorward.grants.tables import Grant
from doorward.keys.ring import current_keys
from doorward.kit.crypto import hash_token
from doorward.kit.edge import Edge
from doorward.kit.ids import new_ordered_id
from doorward.oidc.bearer import new_refresh_token
from doorward.oidc.device_consent import find_allowed
from doorward.oidc.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    SlowDown,
)
from doorward.oidc.id_token import make_id_token
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.sender_constraint import Confirmation, bound_to, token_type
from doorward.oidc.step_up import reached_acr
from doorward.oidc.subjects import subject_of
from doorward.oidc.tables import TokenContext
from doorward.oidc.tokens import (
    GRANT_LIFETIME,
    TokenResponse,
    is_offline,
    make_access_token,
    plan_access_token,
    store_access_token,
    store_refresh_token,
)
from doorward.oidc.users import find_live_user
from doorward.sessions.store import join_session
from doorward.storage import ForeignKeyViolation, Snapshot

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

    # 3. The user is still there; without offline_access, still signed in where they approved.
    user = await find_live_user(
        db,
        tenant_id=tenant_id,
        user_id=held.user_id,
        session_id=None if is_offline(held) else held.session_id,
        now=now,
    )
    if user is None:
        raise InvalidGrant("the user or the session is gone")

    # 4. Decide and sign.
    plan = await plan_access_token(snapshot, db, held=held, params=request.params, scope=held.scope)
    key = (await current_keys(snapshot, sealer=provider.sealer)).current
    seconds = int(now.timestamp())
    access_token = make_access_token(
        key,
        plan=plan,
        held=held,
        subject=await subject_of(snapshot, client, user_id=user.id, sealer=provider.sealer),
        issuer=edge.issuer,
        now=seconds,
    )
    id_token = await make_id_token(
        provider,
        snapshot,
        db,
        held=held,
        user=user,
        client=client,
        issuer=edge.issuer,
        access_token=access_token,
        nonce=None,
        now=seconds,
    )

    # 5. Redeem the code and store what it turns into: all or nothing, and for one caller.
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    if is_offline(held):
        refresh_token = new_refresh_token(
            held.grant_id, tenant_id=tenant_id, sealer=provider.sealer
        )
    grant_expires_at = now + (
        GRANT_LIFETIME if is_offline(held) else timedelta(seconds=plan.lifetime)
    )
    grant = Grant(
        id=held.grant_id,
        user_id=user.id,
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
            await store_access_token(
                tx, tenant_id=tenant_id, plan=plan, held=held, token=access_token, now=now
            )
            if refresh_token is not msgspec.UNSET:
                await store_refresh_token(
                    tx,
                    tenant_id=tenant_id,
                    held=held if client.is_public else bound_to(held, None),
                    token=refresh_token,
                    expires_at=now + client.refresh_token_lifetime,
                    family_expires_at=grant_expires_at,
                    now=now,
                )
            await record(
                tx,
                tenant_id=tenant_id,
                key="ExchangeTokenBy.DeviceCode",
                edge=edge,
                at=now,
                user_id=user.id,
                application_id=client.id,
                session_id=held.session_id,
                params={"grantId": grant.id, "scope": plan.scope, "resource": plan.audience},
            )
    except _CodeWasUsed:
        raise InvalidGrant("device code already redeemed") from None
    except ForeignKeyViolation:
        raise InvalidGrant("the user or the session is gone") from None
    return TokenResponse(
        access_token=access_token,
        expires_in=plan.lifetime,
        scope=plan.scope,
        authorization_details=plan.authorization_details or msgspec.UNSET,
        token_type=token_type(cnf),
        id_token=id_token,
        refresh_token=refresh_token,
    )


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
