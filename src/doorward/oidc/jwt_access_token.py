"""RFC 9068 section 4: a JWT access token of ours that comes back, and what it says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from doorward.grants.store import find_grant
from doorward.keys.ring import KeyRing
from doorward.kit.jose import JoseError, decode
from doorward.sessions.store import is_session_alive
from doorward.storage import Executor


class JwtAccessToken(msgspec.Struct, frozen=True):
    """What is read of the claims that `tokens.AccessTokenClaims` writes."""

    iss: str
    sub: str
    aud: str
    iat: int
    exp: int
    client_id: str
    scope: str = ""
    auth_time: int | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    cnf: dict[str, str] | None = None
    act: dict[str, Any] | None = None
    authorization_details: list[dict[str, Any]] | None = None
    grant_id: str | None = None

    @property
    def is_of_machine(self) -> bool:
        """Whether nobody signed in for it: RFC 9068 section 2.2."""
        return self.sub == self.client_id


def is_jwt(value: str) -> bool:
    """Tell whether a token has the form of a JWT; opaque ones have no dots."""
    return value.count(".") == 2


async def is_still_granted(
    db: Executor, *, tenant_id: str, token: JwtAccessToken, now: datetime
) -> bool:
    """Tell whether the grant that a token comes from was not ended, nor the session that the grant
    lives with; a token without a grant, such as a machine's, lives on its own."""
    if token.grant_id is None:
        return True
    grant = await find_grant(db, tenant_id=tenant_id, grant_id=token.grant_id)
    if grant is None or grant.is_offline or grant.session_id is None:
        return grant is not None
    return await is_session_alive(db, tenant_id=tenant_id, session_id=grant.session_id, now=now)


def find_jwt_access_token(
    value: str, *, ring: KeyRing, issuer: str, now: datetime
) -> JwtAccessToken | None:
    """Return the token if this issuer signed it as an access token and it has not expired."""
    try:
        claims = decode(value, keys=ring.verification_keys, typ=("at+jwt",))
        token = msgspec.convert(claims, JwtAccessToken)
    except (JoseError, msgspec.ValidationError):
        return None
    is_good = token.iss == issuer and token.exp > now.timestamp()
    return token if is_good else None
