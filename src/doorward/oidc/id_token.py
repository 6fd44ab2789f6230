"""OpenID Connect Core sections 2, 3.1.3.6 and 3.3.2.11: ID tokens, signed and, for clients that
want it, encrypted (RFC 7516)."""

from __future__ import annotations

import msgspec

from doorward.applications.cached import Client
from doorward.keys.ring import signing_key
from doorward.kit.jose import half_hash
from doorward.oidc.claims import id_token_claims, requested_claims
from doorward.oidc.provider import Provider
from doorward.oidc.scopes import OPENID
from doorward.oidc.subjects import subjects_of
from doorward.oidc.tokens import Held, seconds_of, within_ceiling
from doorward.storage import Executor, Snapshot
from doorward.users.tables import User


async def prepare_id_token(provider: Provider, snapshot: Snapshot, *, client: Client) -> None:
    """Make and fetch what the ID tokens of a client need, so that `make_id_token` neither writes
    nor waits for the network where it is called within a transaction.

    Raises:
        InvalidRequest: as `make_id_token`.
    """
    metadata, sealer = client.metadata, provider.sealer
    await signing_key(snapshot, metadata.id_token_signed_response_alg, sealer=sealer)
    await subjects_of(snapshot, client, sealer=sealer)
    if metadata.id_token_encrypted_response_alg is not None:
        # Few clients want this, so the library is imported where it is used.
        from doorward.oidc.encryption import find_encryption_key

        await find_encryption_key(client, key_sets=provider.key_sets, tenant_id=snapshot.tenant_id)


async def make_id_token(
    provider: Provider,
    snapshot: Snapshot,
    db: Executor,
    *,
    held: Held,
    user: User,
    client: Client,
    issuer: str,
    scope: str,
    now: int,
    nonce: str | None,
    access_token: str | None = None,
    code: str | None = None,
    state: str | None = None,
) -> str | msgspec.UnsetType:
    """Return an ID token for a scope, or UNSET when that has no `openid`.

    `access_token`, `code` and `state` are what is handed out beside it: their hashes bind them.

    Raises:
        InvalidRequest: the client wants it encrypted and has no key for that.
    """
    scopes = scope.split()
    if OPENID not in scopes:
        return msgspec.UNSET
    if held.context.consented is not None:
        scopes = (await within_ceiling(snapshot, held=held, scope=scope)).split()

    # 1. Who, and for whom.
    metadata, sealer = client.metadata, provider.sealer
    subjects = await subjects_of(snapshot, client, sealer=sealer)
    claims = await id_token_claims(snapshot, db, user=user, scopes=scopes)
    context = held.context
    if context.claims is not None:
        claims |= await requested_claims(
            db,
            tenant_id=snapshot.tenant_id,
            user=user,
            client=client,
            asked=context.claims,
            member="id_token",
        )
    claims |= {
        "iss": issuer,
        "sub": subjects.of(user.id),
        "aud": held.client_id,
        "iat": now,
        "exp": now + int(client.id_token_lifetime.total_seconds()),
        "auth_time": seconds_of(held.authenticated_at),
    }

    # 2. What the authorization says.
    if context.acr is not None:
        claims["acr"] = context.acr
    if context.amr:
        claims["amr"] = context.amr
    if held.session_id is not None:
        claims["sid"] = subjects.sid_of(held.session_id)
    if nonce is not None:
        claims["nonce"] = nonce

    # 3. Section 3.3.2.11: what comes with it cannot be exchanged for something else.
    key = await signing_key(snapshot, metadata.id_token_signed_response_alg, sealer=sealer)
    for name, value in (("at_hash", access_token), ("c_hash", code), ("s_hash", state)):
        if value is not None:
            claims[name] = half_hash(value, algorithm=key.algorithm)

    # 4. Section 10.2: signed, then encrypted.
    token = key.encode(claims)
    if metadata.id_token_encrypted_response_alg is None:
        return token
    from doorward.oidc.encryption import encrypt_id_token

    return await encrypt_id_token(
        token, client, key_sets=provider.key_sets, tenant_id=snapshot.tenant_id
    )
