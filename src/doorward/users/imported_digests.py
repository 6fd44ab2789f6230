"""Passwords that another system hashed, as it exports them (reference: experience.md section 10).

    MD5, SHA1, SHA256   the hash of the password, in hex
    Bcrypt              $2b$10$, then salt and hash; of the password bcrypt sees 72 bytes
    Legacy              ["sha256", ["a salt", "@"], "hex"], with "@" where the password goes, or
                        ["pbkdf2", ["a salt", "1000", "64", "sha512", "@"], "hex"]; the numbers are
                        iterations and bytes, and a salt of bytes is "hex:00ff"

`passwords.py` hashes a right password anew: these are too weak to keep, or costly to compare.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

import msgspec

from doorward.errors import RequestError

_HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256"}
_BCRYPT = "Bcrypt"
_BCRYPT_FORM = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_BCRYPT_BYTES = 72
_LEGACY = "Legacy"
_LEGACY_HASHES = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_PASSWORD = "@"  # noqa: S105 (the place of one)
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.IGNORECASE)
# What a sign-in may cost at most: far above what anybody chose when these were in use.
_MAX_ITERATIONS = 2_000_000
_MAX_KEY_BYTES = 512
_BCRYPT_COSTS = range(4, 16)

_decode = msgspec.json.Decoder(tuple[str, tuple[str | int, ...], str]).decode


class _Pbkdf2(msgspec.Struct, frozen=True):
    """PBKDF2 (RFC 8018 section 5.2) with HMAC."""

    salt: bytes
    iterations: int
    length: int
    hash: str


def is_imported(algorithm: str | None) -> bool:
    """Tell whether digests of this algorithm are verified here."""
    return algorithm in {*_HASHES, _BCRYPT, _LEGACY}


def check_imported(digest: str, algorithm: str) -> None:
    """Check that a digest has the form of its algorithm.

    Raises:
        RequestError: 400 password.invalid_legacy_password_format,
            password.unsupported_legacy_hash_algorithm.
    """
    if algorithm == _LEGACY:
        _parse_legacy(digest)
        return
    if algorithm == _BCRYPT:
        if not _is_bcrypt(digest):
            raise _malformed()
        return
    size = hashlib.new(_HASHES[algorithm], usedforsecurity=False).digest_size
    if not _HEX.fullmatch(digest) or len(digest) != 2 * size:
        raise _malformed()


def is_digest_of(digest: str, algorithm: str, password: bytes) -> bool:
    """Tell whether a digest is that of a password. Costs up to seconds; not for the event loop."""
    if algorithm == _BCRYPT:
        return _is_bcrypt(digest) and _is_bcrypt_of(digest, password)
    if algorithm == _LEGACY:
        try:
            name, arguments, expected = _parse_legacy(digest)
        except RequestError:
            return False
        if isinstance(arguments, _Pbkdf2):
            key = hashlib.pbkdf2_hmac(
                arguments.hash,
                password,
                arguments.salt,
                arguments.iterations,
                arguments.length,
            )
            return _is_same(key.hex(), expected)
        text = b"".join(password if one == _PASSWORD else _bytes(one) for one in arguments)
        return _is_same(_hex_of(name, text), expected)
    return _is_same(_hex_of(_HASHES[algorithm], password), digest)


def _is_bcrypt(digest: str) -> bool:
    form = _BCRYPT_FORM.fullmatch(digest)
    return form is not None and int(form[1]) in _BCRYPT_COSTS


def _is_bcrypt_of(digest: str, password: bytes) -> bool:
    # Few tenants import any, so the library is imported where it is used.
    import bcrypt

    try:
        return bcrypt.checkpw(password[:_BCRYPT_BYTES], digest.encode())
    except ValueError:
        # A NUL in the password, which older versions refuse, or a salt that is none.
        return False


def _parse_legacy(digest: str) -> tuple[str, _Pbkdf2 | Sequence[str], str]:
    try:
        name, given, expected = _decode(digest)
    except msgspec.MsgspecError as error:
        raise _malformed() from error
    arguments = [str(one) for one in given]
    # Without the password in it, the digest would be that of every password.
    if arguments.count(_PASSWORD) != 1 or not _HEX.fullmatch(expected):
        raise _malformed()
    if name == "pbkdf2":
        return name, _parse_pbkdf2(arguments), expected
    if name not in _LEGACY_HASHES:
        raise _unsupported(name)
    for one in arguments:
        _bytes(one)
    return name, arguments, expected


def _parse_pbkdf2(arguments: Sequence[str]) -> _Pbkdf2:
    try:
        salt, iterations, length, name, place = arguments
        parsed = _Pbkdf2(_bytes(salt), int(iterations), int(length), name)
    except ValueError as error:
        raise _malformed() from error
    if name not in _LEGACY_HASHES:
        raise _unsupported(name)
    is_bounded = 1 <= parsed.iterations <= _MAX_ITERATIONS and 1 <= parsed.length <= _MAX_KEY_BYTES
    if place != _PASSWORD or not is_bounded:
        raise _malformed()
    return parsed


def _bytes(argument: str) -> bytes:
    if not argument.startswith("hex:"):
        return argument.encode(errors="surrogatepass")
    try:
        return bytes.fromhex(argument.removeprefix("hex:"))
    except ValueError as error:
        raise _malformed() from error


def _hex_of(name: str, text: bytes) -> str:
    return hashlib.new(name, text, usedforsecurity=False).hexdigest()


def _is_same(computed: str, expected: str) -> bool:
    return hmac.compare_digest(computed, expected.lower())


def _malformed() -> RequestError:
    return RequestError("password.invalid_legacy_password_format")


def _unsupported(name: str) -> RequestError:
    return RequestError(
        "password.unsupported_legacy_hash_algorithm", interpolation={"algorithm": name[:32]}
    )
