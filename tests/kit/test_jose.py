"""JWT: what verifies, and what must not (RFC 7515, RFC 8725)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from doorward.kit.jose import (
    ALGORITHMS,
    JoseError,
    SigningKey,
    VerificationKey,
    decode,
    encode_base64url,
    half_hash,
    public_jwk,
)


def verification_keys(key: SigningKey) -> dict[str, VerificationKey]:
    return {key.kid: VerificationKey.from_jwk(key.public_jwk)}


def part(value: Any) -> str:
    return encode_base64url(json.dumps(value).encode())


class TestRoundTrip:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_each_algorithm_verifies_its_own(self, algorithm: str) -> None:
        """Sign, publish the JWK, verify, read the claims; also through PEM."""
        key = SigningKey.generate(algorithm)
        again = SigningKey.from_pem(key.to_pem(), algorithm=algorithm)

        token = again.encode({"sub": "ada"}, typ="at+jwt")

        assert decode(token, keys=verification_keys(key), typ=("at+jwt",)) == {"sub": "ada"}
        assert again.kid == key.kid

    def test_the_kid_is_the_thumbprint(self) -> None:
        """RFC 7638 section 3.1: the example key has this thumbprint."""
        n = (
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
            "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
            "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
            "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        )
        jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "x"}
        from doorward.kit.jose import _parse_jwk

        found = public_jwk(_parse_jwk(jwk, "RS256"), algorithm="RS256")

        assert found["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

    def test_c_hash_of_the_specification(self) -> None:
        """OpenID Connect Core appendix A.4: c_hash of the example code."""
        code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"

        assert half_hash(code, algorithm="RS256") == "LDktKdoQak3Pk0cnXxCltA"


class TestRefusals:
    @pytest.fixture
    def key(self) -> SigningKey:
        return SigningKey.generate("ES256")

    def refuse(self, token: str, key: SigningKey) -> None:
        with pytest.raises(JoseError):
            decode(token, keys=verification_keys(key), typ=("jwt",))

    def test_alg_none(self, key: SigningKey) -> None:
        """RFC 8725 section 2.1: an unsecured token."""
        self.refuse(f"{part({'alg': 'none', 'typ': 'JWT', 'kid': key.kid})}.{part({})}.", key)

    def test_the_public_key_as_an_hmac_secret(self, key: SigningKey) -> None:
        """RFC 8725 section 2.1: HS256 with the public JWK as its key."""
        signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': key.kid})}.{part({'sub': 'eve'})}"
        mac = hmac.digest(json.dumps(key.public_jwk).encode(), signed.encode(), hashlib.sha256)

        self.refuse(f"{signed}.{encode_base64url(mac)}", key)

    def test_a_key_of_the_attackers_own(self, key: SigningKey) -> None:
        """A valid signature by a key that is not in the set, under a kid that is."""
        eve = SigningKey.generate("ES256")
        eve = SigningKey.from_pem(eve.to_pem(), algorithm="ES256", kid=key.kid)

        self.refuse(eve.encode({"sub": "ada"}), key)

    def test_an_unknown_critical_header(self, key: SigningKey) -> None:
        """RFC 7515 section 4.1.11."""
        header = {"alg": "ES256", "typ": "JWT", "kid": key.kid, "crit": ["exp"], "exp": 1}
        signature = key.encode({}).rpartition(".")[2]

        self.refuse(f"{part(header)}.{part({})}.{signature}", key)

    def test_another_type_of_token(self, key: SigningKey) -> None:
        """RFC 8725 section 3.11: an ID token is not an access token."""
        self.refuse(key.encode({"sub": "ada"}, typ="at+jwt"), key)

    @pytest.mark.parametrize("cut", [1, 10, 40])
    def test_a_truncated_signature(self, key: SigningKey, cut: int) -> None:
        """Neither a shortened nor a padded signature verifies."""
        token = key.encode({"sub": "ada"})

        self.refuse(token[:-cut], key)
        self.refuse(token + "A" * cut, key)

    @pytest.mark.parametrize(
        "token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "=.=.=", "x" * 20_000]
    )
    def test_what_is_no_token_at_all(self, key: SigningKey, token: str) -> None:
        """Anything else is refused, not crashed on."""
        self.refuse(token, key)

    @pytest.mark.parametrize("x", [None, 1, [], {}, "", "=", "AAAA", "\ud800"])
    def test_a_key_that_is_none(self, key: SigningKey, x: Any) -> None:
        """Members of other types, points off the curve: refused, not crashed on."""
        with pytest.raises(JoseError):
            VerificationKey.from_jwk({**key.public_jwk, "x": x})

    @pytest.mark.parametrize("bits", [1024, 16_384])
    def test_an_rsa_key_too_small_or_too_large(self, bits: int) -> None:
        """RFC 7518 section 3.3: MUST be 2048 bits or larger; a giant one costs us, not them."""
        n = encode_base64url(((1 << bits) - 1).to_bytes(bits // 8))
        with pytest.raises(JoseError):
            VerificationKey.from_jwk({"kty": "RSA", "n": n, "e": "AQAB", "alg": "PS256", "kid": ""})

    @pytest.mark.parametrize(
        "text", ["[" * 11_000, '{"a":' * 2_000, '{"a":1e999}', '{"a":"\\ud800"}']
    )
    def test_json_that_no_program_writes(self, key: SigningKey, text: str) -> None:
        """Nested without end, out of range, half of a character: refused, not crashed on."""
        odd = encode_base64url(f'{{"a":{text}'.encode())

        self.refuse(f"{odd}.{part({})}.AA", key)
        self.refuse(f"{part({'alg': 'ES256', 'kid': key.kid})}.{odd}.AA", key)

    def test_broken_utf_8(self, key: SigningKey) -> None:
        """RFC 7519 section 7.2: header and claims are UTF-8."""
        odd = encode_base64url(b'{"typ":"\xff"}')

        self.refuse(f"{odd}.{part({})}.AA", key)
        self.refuse(f"{part({'alg': 'ES256', 'kid': key.kid})}.{odd}.AA", key)

    def test_a_swapped_payload(self, key: SigningKey) -> None:
        """The signature covers the claims."""
        header, _, signature = key.encode({"sub": "ada"}).split(".")

        self.refuse(f"{header}.{part({'sub': 'eve'})}.{signature}", key)

    @pytest.mark.parametrize("raw", [b'{"sub":"\xff"}', b'{"\xc3(":1}', b"[" * 3000, b"\xff", b""])
    def test_what_is_no_json(self, raw: bytes) -> None:
        """RFC 7519 section 7.2: header and claims are JSON in UTF-8. Anything else is refused as
        malformed, in either place."""
        key = SigningKey.generate()
        good = part({"alg": key.algorithm, "kid": key.kid})

        for parts in ((encode_base64url(raw), part({})), (good, encode_base64url(raw))):
            with pytest.raises(JoseError):
                decode(".".join([*parts, "c2ln"]), keys=verification_keys(key))
