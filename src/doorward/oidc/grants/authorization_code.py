"""RFC 6749 section 4.1.3, RFC 7636 section 4.6, OpenID Connect Core section 3.1.3: the code."""

from __future__ import annotations

import hashlib
import re

from doorward.applications.cached import Client
from doorward.grants.store import extend_grant
from doorward.kit.crypto import is_equal
from doorward.kit.jose import encode_base64url
from doorward.oidc.errors import InvalidGrant, InvalidRequest
from doorward.oidc.grants.issuing import (
    first_refresh_token,
    record_exchange,
    sign_tokens,
    store_first_token,
)
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params
from doorward.oidc.reuse import revoke_after_reuse
from doorward.oidc.sender_constraint import (
    Confirmation,
    bound_to,
    check_binding,
)
from doorward.oidc.store import consume_code, find_code_and_user
from doorward.oidc.tables import AuthorizationCode
from doorward.oidc.tokens import (
    TokenResponse,
    is_offline,
)
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
    found = await find_code_and_user(db, tenant_id=tenant_id, code=value)
    if found is None or found[0].client_id != client.id:
        raise InvalidGrant("authorization code not found")
    code, user = found

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

    # 4. Decide and sign.
    signed = await sign_tokens(
        request,
        provider,
        snapshot,
        client,
        held=bound_to(code, cnf),
        user=user,
        scope=code.scope,
        nonce=code.nonce,
        now=now,
        is_first=True,
    )
    refresh_token, grant_expires_at = first_refresh_token(
        signed,
        is_wanted=_has_refresh_token(code, client),
        provider=provider,
        tenant_id=tenant_id,
        now=now,
    )

    # 5. Consume the code and store what it turns into: all or nothing, and for one caller.
    try:
        async with db.transaction(tenant_id) as tx:
            if not await consume_code(tx, tenant_id=tenant_id, code=code, now=now):
                raise _CodeWasUsed
            await extend_grant(
                tx, tenant_id=tenant_id, grant_id=code.grant_id, expires_at=grant_expires_at
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
                tx, request, key="ExchangeTokenBy.AuthorizationCode", signed=signed, now=now
            )
    except _CodeWasUsed:
        await revoke_after_reuse(provider, edge, held=code, reason="code used twice")
        raise InvalidGrant("authorization code already consumed") from None
    return signed.answer(cnf=cnf, refresh_token=refresh_token)


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
