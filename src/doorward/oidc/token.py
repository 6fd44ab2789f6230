"""RFC 6749 section 3.2 and RFC 9449 section 5: the token endpoint, POST /oidc/token."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Protocol

from doorward.applications.cached import Client
from doorward.applications.types import DEVICE_CODE, TOKEN_EXCHANGE
from doorward.audit.store import record
from doorward.oidc.client_auth import authenticate_client
from doorward.oidc.errors import (
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
    UnsupportedGrantType,
    UseDpopNonce,
)
from doorward.oidc.grants.authorization_code import authorization_code
from doorward.oidc.grants.client_credentials import client_credentials
from doorward.oidc.grants.device_code import device_code
from doorward.oidc.grants.refresh_token import refresh_token
from doorward.oidc.grants.token_exchange import token_exchange
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, json_response
from doorward.oidc.sender_constraint import Confirmation, confirm_sender, with_next_nonce
from doorward.oidc.tokens import TokenResponse
from doorward.storage import Snapshot


class Grant(Protocol):
    """One grant; `cnf` is what its tokens are bound to."""

    def __call__(
        self,
        request: OidcRequest,
        provider: Provider,
        snapshot: Snapshot,
        client: Client,
        *,
        cnf: Confirmation | None,
    ) -> Awaitable[TokenResponse]: ...


GRANTS: Mapping[str, Grant] = {
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    "client_credentials": client_credentials,
    DEVICE_CODE: device_code,
    TOKEN_EXCHANGE: token_exchange,
}
_AUDIT_KEYS = {
    "authorization_code": "ExchangeTokenBy.AuthorizationCode",
    "refresh_token": "ExchangeTokenBy.RefreshToken",
    "client_credentials": "ExchangeTokenBy.ClientCredentials",
    DEVICE_CODE: "ExchangeTokenBy.DeviceCode",
    TOKEN_EXCHANGE: "ExchangeTokenBy.TokenExchange",
}


async def token(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Answer a token request."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)

    # 1. RFC 6749 section 3.2.1: authenticate the client.
    client = await authenticate_client(request, provider, snapshot)

    try:
        # 2. The grant, and whether this client may use it.
        grant_type = request.params.get("grant_type")
        if grant_type is None:
            raise InvalidRequest("missing required parameter grant_type")
        grant = GRANTS.get(grant_type)
        if grant is None:
            raise UnsupportedGrantType("unsupported grant_type requested")
        if grant_type not in client.grant_types:
            raise UnauthorizedClient("requested grant type is not allowed for this client")

        # 3. To whom the tokens will be bound.
        cnf = await confirm_sender(request, provider, client)

        # 4. The grant's own checks, and the tokens.
        answer = json_response(await grant(request, provider, snapshot, client, cnf=cnf))
        return answer if cnf is None else with_next_nonce(answer, request, provider)
    except UseDpopNonce:
        # RFC 9449 section 8: being told the nonce is part of the way in, not a failure.
        raise
    except OAuthError as error:
        await _record_failure(request, provider, client=client, error=error)
        raise


async def _record_failure(
    request: OidcRequest, provider: Provider, *, client: Client, error: OAuthError
) -> None:
    """Write the refusal to the audit log, in a transaction of its own: it outlives the refusal.

    Only for clients that proved who they are. A public client's id is known to anybody, and a
    stranger must not be able to fill the disk with entries.
    """
    if client.is_public:
        return
    grant_type = request.params.get("grant_type") or ""
    async with provider.db.transaction(request.edge.tenant_id) as tx:
        await record(
            tx,
            tenant_id=request.edge.tenant_id,
            key=_AUDIT_KEYS.get(grant_type, "ExchangeTokenBy.Unknown"),
            edge=request.edge,
            at=provider.clock.now(),
            result="Error",
            application_id=client.id,
            error={"code": f"oidc.{error.error}", "message": error.description},
        )
