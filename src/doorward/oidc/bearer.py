"""RFC 6749 section 10.10: values that nobody can guess, and what of them is stored.

    access token     at_<AccessToken, sealed>
    refresh token    <grant id> <160 random bits> <tag>

An opaque access token carries what it is worth, in a form that only this server reads. Nothing of
it is stored, so it costs no write; it is good while its grant, user and session are, and until it
is revoked (store.py).

A refresh token names its grant, the way to its row, where its hash is. Its tag is our signature:
one that carries it and is not the current one of its grant was current once, so it is being used
again, however long ago it was replaced. A made-up value does not get that far, and so cannot end
anybody's grant.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from doorward.kit.crypto import Sealer, UnsealError, is_equal
from doorward.kit.ids import ENTITY_ID_LENGTH, new_token
from doorward.oidc.tables import TokenContext

ACCESS_TOKEN_PREFIX = "at_"  # noqa: S105 (no password)
REFRESH_TOKEN_LENGTH = ENTITY_ID_LENGTH + 27 + 22
_ACCESS_TOKEN = "access_token"  # noqa: S105 (a purpose)
_REFRESH_TOKEN = "refresh_token"  # noqa: S105 (a purpose)


class AccessToken(msgspec.Struct, frozen=True, array_like=True):
    """What an opaque access token carries. The order of the fields is its format.

    `audience` is the API that it is for, None for userinfo; `session_id` the session that it dies
    with, None for offline access. A machine's token has neither user nor grant.
    """

    client_id: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    context: TokenContext
    audience: str | None = None
    user_id: str | None = None
    grant_id: str | None = None
    session_id: str | None = None
    authenticated_at: datetime | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AccessToken).decode


def seal_access_token(token: AccessToken, *, tenant_id: str, sealer: Sealer) -> str:
    """Return an opaque access token in the form that its client gets."""
    purpose = f"{_ACCESS_TOKEN}.{tenant_id}"
    return ACCESS_TOKEN_PREFIX + sealer.seal_token(_encode(token), purpose=purpose)


def open_access_token(
    value: str, *, tenant_id: str, sealer: Sealer, now: datetime
) -> AccessToken | None:
    """Return what an opaque access token carries, or None for what this tenant never issued, and
    for what has expired."""
    if not value.startswith(ACCESS_TOKEN_PREFIX) or not value.isascii():
        return None
    sealed = value.removeprefix(ACCESS_TOKEN_PREFIX)
    try:
        content = sealer.open_token(sealed, purpose=f"{_ACCESS_TOKEN}.{tenant_id}")
        token = _decode(content)
    except (UnsealError, msgspec.MsgspecError):
        return None
    return token if token.expires_at > now else None


def new_refresh_token(grant_id: str, *, tenant_id: str, sealer: Sealer) -> str:
    """Return a refresh token of a grant."""
    body = grant_id + new_token()[:27]
    return body + _tag(body, tenant_id=tenant_id, sealer=sealer)


def grant_of_refresh_token(value: str, *, tenant_id: str, sealer: Sealer) -> str | None:
    """Return the grant that a refresh token names, or None for what we never issued."""
    if len(value) != REFRESH_TOKEN_LENGTH or not value.isascii():
        return None
    body, tag = value[:-22], value[-22:]
    if not is_equal(tag, _tag(body, tenant_id=tenant_id, sealer=sealer)):
        return None
    return value[:ENTITY_ID_LENGTH]


def _tag(body: str, *, tenant_id: str, sealer: Sealer) -> str:
    return sealer.sign(f"{tenant_id}.{body}", purpose=_REFRESH_TOKEN)[:22]
