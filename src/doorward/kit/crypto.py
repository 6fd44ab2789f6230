"""Hashing of bearer values and sealing of secrets at rest.

Primitives, keyed where a key helps:

* `hash_token` turns a bearer value of 128 bits or more into the only form that is stored. It is
  plain SHA-256: such a value cannot be guessed, so neither salt nor stretching adds anything.
* `Sealer` encrypts what must be read again (private keys, connector secrets, application
  secrets) with AES-256-GCM, and gives a keyed hash to find a value by. What a token carries it
  encrypts with AES-256-GCM-SIV (RFC 8452), under random nonces as well: those of GCM may be drawn
  2^32 times for one key, which thousands of tokens a second use up in days, those of GCM-SIV 2^48.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

_VERSION = "v1"
_NONCE_LENGTH = 12


class Secret:
    """A string that does not show itself in logs, tracebacks or reprs."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value; call it where it is used, not where it is passed on."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(self._value)


class UnsealError(Exception):
    """A sealed value was altered, or was sealed under another key or for another purpose."""


class Sealer:
    """AES-256-GCM under keys derived from one master key.

    The `purpose` (for example "signing_keys.private_key") is authenticated with the value, so a
    sealed value cannot be moved to another column and be accepted there.
    """

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != 32:
            raise ValueError("the master key must be 32 bytes")
        self._cipher = AESGCM(hmac.digest(master_key, b"doorward seal v1", "sha256"))
        self._token_cipher = AESGCMSIV(hmac.digest(master_key, b"doorward token v1", "sha256"))
        self._lookup = _Mac(hmac.digest(master_key, b"doorward lookup v1", "sha256"))
        self._sign = _Mac(hmac.digest(master_key, b"doorward sign v1", "sha256"))

    def seal(self, value: str, *, purpose: str) -> str:
        """Return `v1.<base64url>` that only this key opens again, for this purpose."""
        nonce = secrets.token_bytes(_NONCE_LENGTH)
        box = nonce + self._cipher.encrypt(nonce, value.encode(), purpose.encode())
        return f"{_VERSION}.{_base64url(box)}"

    def unseal(self, sealed: str, *, purpose: str) -> str:
        """Return what `seal` was given.

        Raises:
            UnsealError: the value was altered, or key or purpose differ.
        """
        version, _, text = sealed.partition(".")
        if version != _VERSION:
            raise UnsealError(f"unknown seal version {version[:8]!r}")
        try:
            box = _from_base64url(text)
            plain = self._cipher.decrypt(box[:_NONCE_LENGTH], box[_NONCE_LENGTH:], purpose.encode())
        except (ValueError, InvalidTag) as error:
            raise UnsealError("the sealed value does not open with this key") from error
        return plain.decode()

    def seal_token(self, content: bytes, *, purpose: str) -> str:
        """Return what a token carries, as base64url that only this key opens, for this purpose."""
        nonce = secrets.token_bytes(_NONCE_LENGTH)
        return _base64url(nonce + self._token_cipher.encrypt(nonce, content, purpose.encode()))

    def open_token(self, sealed: str, *, purpose: str) -> bytes:
        """Return what `seal_token` was given. There is one way to write each token.

        Raises:
            UnsealError: the token was altered, or key or purpose differ.
        """
        try:
            box = _from_base64url(sealed)
            if _base64url(box) != sealed:
                raise UnsealError("the token is written in another way than it was")
            return self._token_cipher.decrypt(
                box[:_NONCE_LENGTH], box[_NONCE_LENGTH:], purpose.encode()
            )
        except (ValueError, InvalidTag) as error:
            raise UnsealError("the token does not open with this key") from error

    def lookup_hash(self, value: str) -> str:
        """Return a keyed hash (43 characters) to find a secret by without storing it."""
        return _base64url(self._lookup.digest(value.encode()))

    def sign(self, value: str, *, purpose: str) -> str:
        """Return a MAC (43 characters) of `value` for `purpose`, for cookies and form tokens."""
        message = f"{purpose}\0{value}".encode()
        return _base64url(self._sign.digest(message))

    def is_signature(self, signature: str, value: str, *, purpose: str) -> bool:
        """Tell in constant time whether `signature` is that of `value` for `purpose`."""
        return is_equal(signature, self.sign(value, purpose=purpose))


class _Mac:
    """HMAC-SHA-256 (RFC 2104) of one key, whose two padded blocks are hashed ahead.

    Every token request needs one or two; `hmac.digest`, which sets OpenSSL up anew each time, takes
    3 us, this 0.6.
    """

    def __init__(self, key: bytes) -> None:
        block = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


def hash_token(value: str) -> str:
    """Return the stored form (43 characters, base64url of SHA-256) of a bearer value."""
    return _base64url(hashlib.sha256(value.encode()).digest())


def is_equal(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
