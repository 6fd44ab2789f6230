"""RFC 6749 section 4.1.3, RFC 7636 section 4.6, OpenID Connect Core section 3.1.3: the code."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import msgspec

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.grants.store import extend_grant
from doorward.keys.ring import current_keys
from doorward.kit.crypto import is_equal
from doorward.kit.jose import encode_base64url
from doorward.oidc.bearer import new_refresh_token
from doorward.oidc.errors import InvalidGrant, InvalidRequest
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
from doorward.oidc.store import consume_code, find_code
from doorward.oidc.subjects import subject_of
from doorward.oidc.tables import AuthorizationCode
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
from doorward.storage import Snapshot

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class _CodeWasUsed(Exception):
    """Another request was faster; undoes the transaction."""


async def authorization_code(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    client: Client,
    *,
    cnf: Confirmation | None,
) -> TokenResponse:
    """Exchange a code for tokens.

    Raises:
        InvalidRequest: no code. InvalidGrant: not a code of this client, or no longer good.
        InvalidTarget: a resource that was not authorized.
    """
    edge, db, now = request.edge, provider.db, provider.clock.now()
    tenant_id = edge.tenant_id

    # 1. The code, in this tenant, and given to this client.
    value = request.params.get("code")
    if value is None:
        raise InvalidRequest("missing required parameter code")
    code = await find_code(db, tenant_id=tenant_id, code=value)
    if code is None or code.client_id != client.id:
        raise InvalidGrant("authorization code not found")

    # 2. RFC 6749 section 4.1.2: used more than once, everything that came of it is revoked.
    if code.consumed_at is not None:
        await revoke_after_reuse(provider, edge, held=code, reason="code used twice")
        raise InvalidGrant("authorization code already consumed")
    if code.expires_at <= now:
        raise InvalidGrant("authorization code is expired")

    # 3. What bound the request to its answer: redirect URI, PKCE and the key of the client.
    _check_redirect_uri(code, request.params)
    _check_verifier(code, request.params)
    check_binding(code.context, cnf)
    held = bound_to(code, cnf)

    # 4. The user is still there and still signed in.
    user = await find_live_user(
        db,
        tenant_id=tenant_id,
        user_id=code.user_id,
        session_id=None if is_offline(code) else code.session_id,
        now=now,
    )
    if user is None:
        raise InvalidGrant("the user or the session is gone")

    # 5. Decide and sign.
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
        nonce=code.nonce,
        now=seconds,
    )

    # 6. Consume the code and store what it turns into: all or nothing, and for one caller.
    has_refresh_token = _has_refresh_token(code, client)
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    if has_refresh_token:
        refresh_token = new_refresh_token(
            code.grant_id, tenant_id=tenant_id, sealer=provider.sealer
        )
    grant_expires_at = now + (
        GRANT_LIFETIME if has_refresh_token else timedelta(seconds=plan.lifetime)
    )
    try:
        async with db.transaction(tenant_id) as tx:
            if not await consume_code(tx, tenant_id=tenant_id, code=code, now=now):
                raise _CodeWasUsed
            await extend_grant(
                tx, tenant_id=tenant_id, grant_id=code.grant_id, expires_at=grant_expires_at
            )
            await store_access_token(
                tx, tenant_id=tenant_id, plan=plan, held=held, token=access_token, now=now
            )
            if refresh_token is not msgspec.UNSET:
                await store_refresh_token(
                    tx,
                    tenant_id=tenant_id,
                    # RFC 9449 section 5: the refresh token of a public client is bound as well.
                    held=held if client.is_public else bound_to(held, None),
                    token=refresh_token,
                    expires_at=now + client.refresh_token_lifetime,
                    family_expires_at=grant_expires_at,
                    now=now,
                )
            await record(
                tx,
                tenant_id=tenant_id,
                key="ExchangeTokenBy.AuthorizationCode",
                edge=edge,
                at=now,
                user_id=user.id,
                application_id=client.id,
                session_id=code.session_id,
                params={"grantId": code.grant_id, "scope": plan.scope, "resource": plan.audience},
            )
    except _CodeWasUsed:
        await revoke_after_reuse(provider, edge, held=code, reason="code used twice")
        raise InvalidGrant("authorization code already consumed") from None
    return TokenResponse(
        access_token=access_token,
        expires_in=plan.lifetime,
        scope=plan.scope,
        authorization_details=plan.authorization_details or msgspec.UNSET,
        token_type=token_type(cnf),
        id_token=id_token,
        refresh_token=refresh_token,
    )


def _check_redirect_uri(code: AuthorizationCode, params: Params) -> None:
    # RFC 6749 section 4.1.3: required if the authorization request had it, and identical.
    redirect_uri = params.get("redirect_uri")
    if redirect_uri is None and not code.is_redirect_uri_required:
        return
    if redirect_uri != code.redirect_uri:
        raise InvalidGrant("authorization code redirect_uri mismatch")


def _check_verifier(code: AuthorizationCode, params: Params) -> None:
    verifier = params.get("code_verifier")
    if code.code_challenge is None:
        # RFC 9700 section 2.1.1: a verifier without a challenge is a PKCE downgrade.
        if verifier is not None:
            raise InvalidGrant("code_verifier was not expected")
        return
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant("PKCE verification failed")
    # RFC 7636 section 4.6.
    computed = encode_base64url(hashlib.sha256(verifier.encode()).digest())
    if not is_equal(computed, code.code_challenge):
        raise InvalidGrant("PKCE verification failed")


def _has_refresh_token(code: AuthorizationCode, client: Client) -> bool:
    """OpenID Connect Core section 11, or always if the (web) application wants it so."""
    return "refresh_token" in client.grant_types and (
        is_offline(code) or (client.always_issues_refresh_token and not client.is_native)
    )
