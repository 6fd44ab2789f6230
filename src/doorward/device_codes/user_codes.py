"""What a person types (RFC 8628 section 6.1): XXXX-XXXX in 20 consonants, 34 bits.

No vowels, so that no words come of it; case, spaces and dashes do not matter when it is typed.
"""

from __future__ import annotations

from doorward.kit.ids import new_code

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
_LETTERS = frozenset(ALPHABET)
_MAX_TYPED = 32


def new_user_code() -> str:
    """Return a user code."""
    return _written(new_code(ALPHABET, _LENGTH))


def parse_user_code(typed: str) -> str | None:
    """Return the user code that somebody typed, or None for what cannot be one."""
    letters = "".join(letter for letter in typed[:_MAX_TYPED].upper() if letter.isalnum())
    return _written(letters) if len(letters) == _LENGTH and _LETTERS.issuperset(letters) else None


def _written(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:]}"
