"""RFC 6749 section 6, RFC 9700 section 4.14, OpenID Connect Core section 12: refresh_token."""

from __future__ import annotations

from datetime import datetime

from doorward.applications.cached import Client
from doorward.kit.crypto import hash_token, is_equal
from doorward.oidc.bearer import grant_of_refresh_token, new_refresh_token
from doorward.oidc.errors import InvalidGrant, InvalidRequest, InvalidScope
from doorward.oidc.grants.issuing import record_exchange, sign_tokens
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params
from doorward.oidc.reuse import revoke_after_reuse
from doorward.oidc.sender_constraint import (
    Confirmation,
    bound_to,
    check_binding,
)
from doorward.oidc.store import find_refresh_token_and_user, rotate_refresh_token
from doorward.oidc.tables import RefreshToken
from doorward.oidc.tokens import TokenResponse
from doorward.storage import Snapshot

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
        UnmetAuthenticationRequirements: a resource that wants its users to sign in anew, or better.
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
    found = await find_refresh_token_and_user(db, tenant_id=tenant_id, grant_id=grant_id)
    if found is None or found[0].client_id != client.id:
        raise InvalidGrant("refresh token not found")
    held, user = found

    # 2. RFC 9700 section 4.14.2: it was replaced and is used once more; the family is revoked.
    if not is_equal(held.token_hash, hash_token(value)):
        await revoke_after_reuse(provider, edge, held=held, reason="refresh token used twice")
        raise InvalidGrant("refresh token already used")
    if held.expires_at <= now:
        raise InvalidGrant("refresh token is expired")
    check_binding(held.context, cnf)

    # 3. Decide and sign. OpenID Connect Core section 12.2: the ID token has no nonce.
    bound = bound_to(held, cnf)
    signed = await sign_tokens(
        request,
        provider,
        snapshot,
        client,
        held=bound,
        user=user,
        scope=_narrowed_scope(held, request.params),
        nonce=None,
        now=now,
    )

    # 4. Rotate and store: all or nothing, and for one caller.
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
            await record_exchange(
                tx, request, key="ExchangeTokenBy.RefreshToken", signed=signed, now=now
            )
    except _TokenWasUsed:
        await revoke_after_reuse(provider, edge, held=held, reason="refresh token used twice")
        raise InvalidGrant("refresh token already used") from None
    return signed.answer(cnf=cnf, refresh_token=next_token)


def _narrowed_scope(held: RefreshToken, params: Params) -> str:
    """RFC 6749 section 6: fewer scopes may be asked for, never more."""
    asked = (params.get("scope") or "").split()
    if not asked:
        return held.scope
    granted = frozenset(held.scope.split())
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
