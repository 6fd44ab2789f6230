"""RFC 7009: token revocation, POST /oidc/token/revocation."""

from __future__ import annotations

from doorward.audit.store import record
from doorward.grants.store import end_grant
from doorward.oidc.bearer import AccessToken
from doorward.oidc.client_auth import authenticate_client
from doorward.oidc.errors import InvalidRequest
from doorward.oidc.presented_token import find_presented_token
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse
from doorward.oidc.store import revoke_access_token
from doorward.oidc.tables import RefreshToken


async def revoke(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Revoke a token of the client that asks; a refresh token takes its grant with it."""
    edge, db, now = request.edge, provider.db, provider.clock.now()
    snapshot = await provider.snapshots.current(edge.tenant_id)

    # 1. Section 2.1: whose token is it?
    client = await authenticate_client(request, provider, snapshot)
    token = await find_presented_token(request, db, sealer=provider.sealer, now=now)

    # 2. Section 2.2: a token that is not (or no longer) known is revoked well enough.
    if token is None:
        return OidcResponse(200)
    if token.client_id != client.id:
        raise InvalidRequest("the token was not issued to this client")

    # 3. Revoke and say so.
    async with db.transaction(edge.tenant_id) as tx:
        if isinstance(token, RefreshToken):
            done = await end_grant(tx, tenant_id=edge.tenant_id, grant_id=token.grant_id)
        else:
            value = request.params.get("token") or ""
            done = await revoke_access_token(tx, tenant_id=edge.tenant_id, token=token, value=value)
        if done:
            await record(
                tx,
                tenant_id=edge.tenant_id,
                key="RevokeToken",
                edge=edge,
                at=now,
                user_id=token.user_id,
                application_id=client.id,
                params=_described(token),
            )
    return OidcResponse(200)


def _described(token: AccessToken | RefreshToken) -> dict[str, str]:
    described = {"tokenType": type(token).__name__}
    return described if token.grant_id is None else {"grantId": token.grant_id} | described
