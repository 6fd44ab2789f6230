"""RFC 7009 and RFC 7662: which token is it that a client asks about?"""

from __future__ import annotations

from datetime import datetime

from doorward.kit.crypto import Sealer, hash_token
from doorward.oidc.bearer import grant_of_access_token, grant_of_refresh_token, is_machine_token
from doorward.oidc.errors import InvalidRequest, UnsupportedTokenType
from doorward.oidc.jwt_access_token import is_jwt
from doorward.oidc.request import OidcRequest
from doorward.oidc.store import find_access_token, find_machine_token, find_refresh_token
from doorward.oidc.tables import AccessToken, MachineToken, RefreshToken
from doorward.storage import Executor


async def find_presented_token(
    request: OidcRequest, db: Executor, *, sealer: Sealer, now: datetime
) -> AccessToken | MachineToken | RefreshToken | None:
    """Return the stored token that the request presents.

    The kinds are told apart by their form, so token_type_hint is not needed. For a refresh
    token that was replaced the one in its place is returned: see `is_current`.

    Raises:
        InvalidRequest: no token. UnsupportedTokenType: a JWT, of which nothing is stored.
    """
    value = request.params.get("token")
    if value is None:
        raise InvalidRequest("missing required parameter token")
    # RFC 7009 section 2.2.1: a JWT speaks for itself until it expires.
    if is_jwt(value):
        raise UnsupportedTokenType("JWT access tokens cannot be revoked")
    tenant_id = request.edge.tenant_id
    if (grant_id := grant_of_access_token(value)) is not None:
        return await find_access_token(
            db, tenant_id=tenant_id, grant_id=grant_id, token_hash=hash_token(value), now=now
        )
    if is_machine_token(value):
        return await find_machine_token(
            db, tenant_id=tenant_id, token_hash=hash_token(value), now=now
        )
    grant_id = grant_of_refresh_token(value, tenant_id=tenant_id, sealer=sealer)
    if grant_id is None:
        return None
    token = await find_refresh_token(db, tenant_id=tenant_id, grant_id=grant_id)
    return token if token is not None and token.expires_at > now else None


def is_current(token: AccessToken | MachineToken | RefreshToken, request: OidcRequest) -> bool:
    """Tell whether the token is the very one that was presented, not its successor."""
    return token.token_hash == hash_token(request.params.get("token") or "")
