"""RFC 6749 section 10.10: values that nobody can guess, and what of them is stored.

    access token     <grant id> <256 random bits>
    refresh token    <grant id> <160 random bits> <tag>
    machine's token  mt_ <256 random bits>

A token names its grant, which makes it a short way to its row and to the end of a whole family. Of
the value itself only the hash is stored. A refresh token's tag is our signature: one that carries
it and is not the current one of its grant was current once, so it is being used again, however long
ago it was replaced. A made-up value does not get that far, and so cannot end anybody's grant.
"""

from __future__ import annotations

from doorward.kit.crypto import Sealer, is_equal
from doorward.kit.ids import ENTITY_ID_LENGTH, new_token

ACCESS_TOKEN_LENGTH = ENTITY_ID_LENGTH + 43
MACHINE_TOKEN_PREFIX = "mt_"  # noqa: S105 (no password)
MACHINE_TOKEN_LENGTH = len(MACHINE_TOKEN_PREFIX) + 43
REFRESH_TOKEN_LENGTH = ENTITY_ID_LENGTH + 27 + 22
_PURPOSE = "refresh_token"


def new_access_token(grant_id: str) -> str:
    """Return an opaque access token of a grant."""
    return grant_id + new_token()


def new_machine_token() -> str:
    """Return an opaque access token that no grant stands behind."""
    return MACHINE_TOKEN_PREFIX + new_token()


def is_machine_token(value: str) -> bool:
    """Tell whether a value has the form of a machine's opaque access token."""
    return len(value) == MACHINE_TOKEN_LENGTH and value.startswith(MACHINE_TOKEN_PREFIX)


def new_refresh_token(grant_id: str, *, tenant_id: str, sealer: Sealer) -> str:
    """Return a refresh token of a grant."""
    body = grant_id + new_token()[:27]
    return body + _tag(body, tenant_id=tenant_id, sealer=sealer)


def grant_of_access_token(value: str) -> str | None:
    """Return the grant that an access token names, or None for what cannot be one."""
    is_plausible = len(value) == ACCESS_TOKEN_LENGTH and value.isascii()
    return value[:ENTITY_ID_LENGTH] if is_plausible else None


def grant_of_refresh_token(value: str, *, tenant_id: str, sealer: Sealer) -> str | None:
    """Return the grant that a refresh token names, or None for what we never issued."""
    if len(value) != REFRESH_TOKEN_LENGTH or not value.isascii():
        return None
    body, tag = value[:-22], value[-22:]
    if not is_equal(tag, _tag(body, tenant_id=tenant_id, sealer=sealer)):
        return None
    return value[:ENTITY_ID_LENGTH]


def _tag(body: str, *, tenant_id: str, sealer: Sealer) -> str:
    return sealer.sign(f"{tenant_id}.{body}", purpose=_PURPOSE)[:22]
