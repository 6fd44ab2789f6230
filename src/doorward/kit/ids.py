"""Random identifiers and secrets, all from the operating system's CSPRNG."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache

from doorward.kit.clock import to_milliseconds

_ID_ALPHABET = b"0123456789abcdefghijklmnopqrstuvwxyz"
_MIXED_CASE_ALPHABET = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

ENTITY_ID_LENGTH = 21
USER_ID_LENGTH = 12
CONNECTOR_ID_LENGTH = 12
SECRET_LENGTH = 32

_TIME_LENGTH = 9


def new_id(length: int = ENTITY_ID_LENGTH) -> str:
    """Return a lower-case alphanumeric id; 21 characters carry 108 bits."""
    return _random_text(_ID_ALPHABET, length)


def new_ordered_id(at: datetime) -> str:
    """Return an id whose first 9 of 21 characters are the time; the other 12 carry 62 bits.

    For rows that come by the thousand: what is written at one time stands in few pages of a B-tree.
    """
    return time_prefix(at) + new_id(ENTITY_ID_LENGTH - _TIME_LENGTH)


def time_prefix(at: datetime) -> str:
    """Return the characters that ordered ids of a moment begin with."""
    return _digits(to_milliseconds(at))


def new_secret(length: int = SECRET_LENGTH) -> str:
    """Return a mixed-case alphanumeric secret; 32 characters carry 190 bits."""
    return _random_text(_MIXED_CASE_ALPHABET, length)


def new_token() -> str:
    """Return a bearer value for codes, refresh tokens and sessions: 256 bits, base64url."""
    return secrets.token_urlsafe(32)


def new_code(alphabet: str, length: int) -> str:
    """Return a short code for people to type, from an alphabet that its owner chose."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


# A busy server makes several ids a millisecond.
@lru_cache(maxsize=8)
def _digits(number: int) -> str:
    digits = [""] * _TIME_LENGTH
    for position in range(_TIME_LENGTH - 1, -1, -1):
        number, digit = divmod(number, 36)
        digits[position] = chr(_ID_ALPHABET[digit])
    return "".join(digits)


def _random_text(alphabet: bytes, length: int) -> str:
    # Rejection sampling keeps every character equally likely: bytes beyond the last whole
    # multiple of the alphabet's size are dropped, the others mapped, both by one C call.
    table, rejected = _SAMPLING[alphabet]
    text = b""
    while len(text) < length:
        text += secrets.token_bytes(length + 8).translate(table, rejected)
    return text[:length].decode()


def _sampling(alphabet: bytes) -> tuple[bytes, bytes]:
    size = len(alphabet)
    table = bytes(alphabet[value % size] for value in range(256))
    return table, bytes(range(256 - 256 % size, 256))


_SAMPLING = {alphabet: _sampling(alphabet) for alphabet in (_ID_ALPHABET, _MIXED_CASE_ALPHABET)}
