"""RFC 7009 and RFC 7662: which token is it that a client asks about?"""

from __future__ import annotations

from datetime import datetime

from doorward.oidc.errors import InvalidRequest, UnsupportedTokenType
from doorward.oidc.request import OidcRequest
from doorward.oidc.store import find_access_token, find_refresh_token
from doorward.oidc.tables import AccessToken, RefreshToken
from doorward.storage import Executor


async def find_presented_token(
    request: OidcRequest, db: Executor, *, now: datetime
) -> AccessToken | RefreshToken | None:
    """Return the stored token that the request presents, a consumed refresh token too.

    token_type_hint only says where to look first; both kinds are looked for in any case.

    Raises:
        InvalidRequest: no token. UnsupportedTokenType: a JWT, of which nothing is stored.
    """
    value = request.params.get("token")
    if value is None:
        raise InvalidRequest("missing required parameter token")
    # Opaque tokens have no dots; a JWT speaks for itself until it expires.
    if value.count(".") == 2:
        raise UnsupportedTokenType("JWT access tokens cannot be introspected or revoked")
    tenant_id = request.edge.tenant_id
    access_token = None
    if request.params.get("token_type_hint") != "refresh_token":
        access_token = await find_access_token(db, tenant_id=tenant_id, token=value, now=now)
    if access_token is not None:
        return access_token
    refresh_token = await find_refresh_token(db, tenant_id=tenant_id, token=value)
    if refresh_token is not None:
        return refresh_token if refresh_token.expires_at > now else None
    return await find_access_token(db, tenant_id=tenant_id, token=value, now=now)
