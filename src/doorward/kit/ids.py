"""Random identifiers and secrets, all from the operating system's CSPRNG."""

from __future__ import annotations

import secrets

_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_MIXED_CASE_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

ENTITY_ID_LENGTH = 21
USER_ID_LENGTH = 12
CONNECTOR_ID_LENGTH = 12
SECRET_LENGTH = 32


def new_id(length: int = ENTITY_ID_LENGTH) -> str:
    """Return a lower-case alphanumeric id; 21 characters carry 108 bits."""
    return _random_text(_ID_ALPHABET, length)


def new_secret(length: int = SECRET_LENGTH) -> str:
    """Return a mixed-case alphanumeric secret; 32 characters carry 190 bits."""
    return _random_text(_MIXED_CASE_ALPHABET, length)


def new_token() -> str:
    """Return a bearer value for codes, refresh tokens and sessions: 256 bits, base64url."""
    return secrets.token_urlsafe(32)


def _random_text(alphabet: str, length: int) -> str:
    # Rejection sampling keeps every character equally likely.
    size = len(alphabet)
    limit = 256 - 256 % size
    characters: list[str] = []
    while len(characters) < length:
        characters.extend(alphabet[b % size] for b in secrets.token_bytes(length + 8) if b < limit)
    return "".join(characters[:length])
