"""Sealing, hashing and comparing."""

from __future__ import annotations

import hmac
import string
from base64 import urlsafe_b64decode

import pytest

from doorward.kit.crypto import Sealer, Secret, UnsealError, hash_token

KEY = bytes(range(32))
ALPHABET = string.ascii_letters + string.digits + "-_"


class TestSealer:
    def test_opens_what_it_sealed(self) -> None:
        """The value comes back, and sealing twice gives different texts."""
        sealer = Sealer(KEY)

        first, second = (sealer.seal("hunter2", purpose="a") for _ in range(2))

        assert sealer.unseal(first, purpose="a") == "hunter2"
        assert first != second
        assert "hunter2" not in first

    @pytest.mark.parametrize("value", ["", "x", "x" * 55, "x" * 64, "\u00fc" * 500])
    def test_a_signature_is_an_hmac(self, value: str) -> None:
        """RFC 2104, as the standard library computes it, for messages below and above a block."""
        sign_key = hmac.digest(KEY, b"doorward sign v1", "sha256")
        expected = hmac.digest(sign_key, f"tests\0{value}".encode(), "sha256")

        signature = Sealer(KEY).sign(value, purpose="tests")

        assert urlsafe_b64decode(signature + "=") == expected

    @pytest.mark.parametrize("mangle", ["flip", "truncate", "version", "garbage"])
    def test_an_altered_value_does_not_open(self, mangle: str) -> None:
        """Authenticated encryption: no altered byte passes."""
        sealer = Sealer(KEY)
        sealed = sealer.seal("hunter2", purpose="a")
        altered = {
            "flip": sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:],
            "truncate": sealed[:-8],
            "version": "v9" + sealed[2:],
            "garbage": "v1.@@@",
        }[mangle]

        with pytest.raises(UnsealError):
            sealer.unseal(altered, purpose="a")

    def test_a_value_cannot_be_moved_to_another_purpose(self) -> None:
        """What was sealed as one column does not open as another."""
        sealer = Sealer(KEY)

        with pytest.raises(UnsealError):
            sealer.unseal(sealer.seal("x", purpose="a"), purpose="b")

    def test_another_key_opens_nothing(self) -> None:
        """A copy of the database without the key is worth nothing."""
        with pytest.raises(UnsealError):
            Sealer(bytes(32)).unseal(Sealer(KEY).seal("x", purpose="a"), purpose="a")

    def test_a_token_opens_in_one_spelling(self) -> None:
        """Whoever remembers that a token was revoked must know it in all its forms: it has one."""
        sealer = Sealer(KEY)
        token = sealer.seal_token(b"hunter2", purpose="a")
        others = [
            token + "=",
            token + "\n",
            token[:4] + "!" + token[4:],
            *(token[:-1] + last for last in ALPHABET if last != token[-1]),
        ]

        assert sealer.open_token(token, purpose="a") == b"hunter2"
        assert sealer.seal_token(b"hunter2", purpose="a") != token
        for other in others:
            with pytest.raises(UnsealError):
                sealer.open_token(other, purpose="a")

    @pytest.mark.parametrize("token", ["", "A", "AAAA", "@", "A" * 37, "A" * 38])
    def test_what_is_no_token_does_not_open(self, token: str) -> None:
        """Too short for nonce and tag, or no base64url: an error of the same kind."""
        with pytest.raises(UnsealError):
            Sealer(KEY).open_token(token, purpose="a")

    def test_a_token_belongs_to_key_and_purpose(self) -> None:
        token = Sealer(KEY).seal_token(b"x", purpose="a")

        with pytest.raises(UnsealError):
            Sealer(KEY).open_token(token, purpose="b")
        with pytest.raises(UnsealError):
            Sealer(bytes(32)).open_token(token, purpose="a")

    def test_signatures_belong_to_value_and_purpose(self) -> None:
        """A signature made for one purpose is none for another."""
        sealer = Sealer(KEY)
        signature = sealer.sign("value", purpose="a")

        assert sealer.is_signature(signature, "value", purpose="a")
        assert not sealer.is_signature(signature, "value", purpose="b")
        assert not sealer.is_signature(signature, "other", purpose="a")


class TestSecret:
    def test_hides_in_every_text_form(self) -> None:
        """repr, str and format show stars."""
        secret = Secret("hunter2")

        assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
        assert secret.reveal() == "hunter2"


def test_a_token_hash_is_sha256_in_base64url() -> None:
    """FIPS 180-4 example "abc"."""
    assert hash_token("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
