"""RFC 7009 and RFC 7662: which token is it that a client asks about?"""

from __future__ import annotations

from datetime import datetime

from doorward.kit.crypto import Sealer, hash_token, is_equal
from doorward.oidc.bearer import AccessToken, grant_of_refresh_token, open_access_token
from doorward.oidc.errors import InvalidRequest, UnsupportedTokenType
from doorward.oidc.jwt_access_token import is_jwt
from doorward.oidc.request import OidcRequest
from doorward.oidc.store import find_refresh_token, is_access_token_good
from doorward.oidc.tables import RefreshToken
from doorward.storage import Executor


async def find_presented_token(
    request: OidcRequest, db: Executor, *, sealer: Sealer, now: datetime
) -> AccessToken | RefreshToken | None:
    """Return the token that the request presents, if it is good.

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
    token = await find_access_token(db, tenant_id=tenant_id, value=value, sealer=sealer, now=now)
    if token is not None:
        return token
    grant_id = grant_of_refresh_token(value, tenant_id=tenant_id, sealer=sealer)
    if grant_id is None:
        return None
    held = await find_refresh_token(db, tenant_id=tenant_id, grant_id=grant_id)
    return held if held is not None and held.expires_at > now else None


async def find_access_token(
    db: Executor, *, tenant_id: str, value: str, sealer: Sealer, now: datetime
) -> AccessToken | None:
    """Return what an opaque access token carries, if it is good."""
    token = open_access_token(value, tenant_id=tenant_id, sealer=sealer, now=now)
    if token is None:
        return None
    is_good = await is_access_token_good(db, tenant_id=tenant_id, token=token, value=value, now=now)
    return token if is_good else None


def is_current(token: RefreshToken, request: OidcRequest) -> bool:
    """Tell whether the token is the very one that was presented, not its successor."""
    return is_equal(token.token_hash, hash_token(request.params.get("token") or ""))
