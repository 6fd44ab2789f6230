"""RFC 6749 section 6, RFC 9700 section 4.14, OpenID Connect Core section 12: refresh_token."""

from __future__ import annotations

from datetime import datetime

import msgspec

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.keys.ring import current_keys
from doorward.kit.crypto import hash_token, is_equal
from doorward.oidc.bearer import grant_of_refresh_token, new_refresh_token
from doorward.oidc.errors import InvalidGrant, InvalidRequest, InvalidScope
from doorward.oidc.id_token import make_id_token
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params
from doorward.oidc.reuse import revoke_after_reuse
from doorward.oidc.sender_constraint import (
    Confirmation,
    bound_to,
    check_binding,
    token_type,
)
from doorward.oidc.store import find_refresh_token, rotate_refresh_token
from doorward.oidc.subjects import subject_of
from doorward.oidc.tables import RefreshToken
from doorward.oidc.tokens import (
    TokenResponse,
    is_offline,
    make_access_token,
    plan_access_token,
    store_access_token,
)
from doorward.oidc.users import find_live_user
from doorward.storage import ForeignKeyViolation, Snapshot

ROTATION_SHARE = 0.7
"""A confidential client's token rotates once this share of its lifetime has passed."""


class _TokenWasUsed(Exception):
    """Another request was faster; undoes the transaction."""


async def refresh_token(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    client: Client,
    *,
    cnf: Confirmation | None,
) -> TokenResponse:
    """Exchange a refresh token for new tokens.

    Raises:
        InvalidRequest: no refresh token. InvalidGrant: not one of this client, or no longer good.
        InvalidScope: more than was granted. InvalidTarget: a resource that was not authorized.
    """
    edge, db, now = request.edge, provider.db, provider.clock.now()
    tenant_id = edge.tenant_id

    # 1. The token, in this tenant, and given to this client.
    value = request.params.get("refresh_token")
    if value is None:
        raise InvalidRequest("missing required parameter refresh_token")
    grant_id = grant_of_refresh_token(value, tenant_id=tenant_id, sealer=provider.sealer)
    if grant_id is None:
        raise InvalidGrant("refresh token not found")
    held = await find_refresh_token(db, tenant_id=tenant_id, grant_id=grant_id)
    if held is None or held.client_id != client.id:
        raise InvalidGrant("refresh token not found")

    # 2. RFC 9700 section 4.14.2: it was replaced and is used once more; the family is revoked.
    if not is_equal(held.token_hash, hash_token(value)):
        await revoke_after_reuse(provider, edge, held=held, reason="refresh token used twice")
        raise InvalidGrant("refresh token already used")
    if held.expires_at <= now:
        raise InvalidGrant("refresh token is expired")
    check_binding(held.context, cnf)

    # 3. The user is still there; without offline_access, still signed in.
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
    scope = _narrowed_scope(held, request.params)
    bound = bound_to(held, cnf)
    plan = await plan_access_token(snapshot, db, held=bound, params=request.params, scope=scope)
    key = (await current_keys(snapshot, sealer=provider.sealer)).current
    seconds = int(now.timestamp())
    access_token = make_access_token(
        key,
        plan=plan,
        held=bound,
        subject=await subject_of(snapshot, client, user_id=user.id, sealer=provider.sealer),
        issuer=edge.issuer,
        now=seconds,
    )
    # OpenID Connect Core section 12.2: an ID token of a refresh has no nonce.
    id_token = await make_id_token(
        provider,
        snapshot,
        db,
        held=bound,
        user=user,
        client=client,
        issuer=edge.issuer,
        access_token=access_token,
        nonce=None,
        now=seconds,
    )

    # 5. Rotate and store: all or nothing, and for one caller.
    is_due = _is_due(held, client, now=now)
    next_token = value
    if is_due:
        next_token = new_refresh_token(grant_id, tenant_id=tenant_id, sealer=provider.sealer)
    try:
        async with db.transaction(tenant_id) as tx:
            if is_due and not await rotate_refresh_token(
                tx,
                tenant_id=tenant_id,
                known=held,
                token_hash=hash_token(next_token),
                expires_at=_next_expiry(held, client, now=now),
                now=now,
                # RFC 9449 section 5: from now on a public client's token is bound to this key.
                context=bound.context if client.is_public and bound is not held else None,
            ):
                raise _TokenWasUsed
            await store_access_token(
                tx, tenant_id=tenant_id, plan=plan, held=bound, token=access_token, now=now
            )
            await record(
                tx,
                tenant_id=tenant_id,
                key="ExchangeTokenBy.RefreshToken",
                edge=edge,
                at=now,
                user_id=user.id,
                application_id=client.id,
                session_id=held.session_id,
                params={"grantId": held.grant_id, "scope": plan.scope, "resource": plan.audience},
            )
    except _TokenWasUsed:
        await revoke_after_reuse(provider, edge, held=held, reason="refresh token used twice")
        raise InvalidGrant("refresh token already used") from None
    except ForeignKeyViolation:
        raise InvalidGrant("grant not found") from None
    return TokenResponse(
        access_token=access_token,
        expires_in=plan.lifetime,
        scope=plan.scope,
        authorization_details=plan.authorization_details or msgspec.UNSET,
        token_type=token_type(cnf),
        id_token=id_token,
        refresh_token=next_token,
    )


def _narrowed_scope(held: RefreshToken, params: Params) -> str:
    """RFC 6749 section 6: fewer scopes may be asked for, never more."""
    asked = (params.get("scope") or "").split()
    if not asked:
        return held.scope
    granted = held.scope.split()
    if missing := [name for name in asked if name not in granted]:
        raise InvalidScope("refresh token missing requested scope", scope=" ".join(missing)[:512])
    return " ".join(dict.fromkeys(asked))


def _is_due(held: RefreshToken, client: Client, *, now: datetime) -> bool:
    """Tell whether the token is replaced now. RFC 9700 section 2.2.2: a public client's MUST be."""
    if client.is_public:
        return True
    lifetime = held.expires_at - held.issued_at
    return client.is_rotating and now >= held.issued_at + lifetime * ROTATION_SHARE


def _next_expiry(held: RefreshToken, client: Client, *, now: datetime) -> datetime:
    """A browser application's token keeps its end; others begin anew."""
    if client.is_single_page:
        return held.expires_at
    return min(now + client.refresh_token_lifetime, held.family_expires_at)
