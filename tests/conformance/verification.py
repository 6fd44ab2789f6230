"""What a relying party checks, with none of the server's own code.

PyJWT does the arithmetic of signatures; which key and algorithm count, and what the claims have to
say, is decided here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

SKEW = 5
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
SIGNATURES = ("ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA", "Ed25519")

Claims = dict[str, Any]


def split_jws(token: str) -> tuple[Claims, Claims]:
    """Return header and claims of a compact JWS, unverified."""
    parts = token.split(".")
    assert len(parts) == 3, "not a signed JWT"
    header, claims = (json.loads(_from_base64url(part)) for part in parts[:2])
    return header, claims


def verify_jws(
    token: str, jwks: Mapping[str, Any], *, algorithms: Sequence[str], typ: str | None = None
) -> Claims:
    """Return the claims of a JWS that one published key has signed.

    RFC 7515 section 4.1.4: the key is the one that `kid` names, and there is one such key.
    """
    header, claims = split_jws(token)
    assert header["alg"] in algorithms, header
    assert header["alg"] in SIGNATURES, header
    assert "crit" not in header
    if typ is not None:
        assert header["typ"].lower() == typ
    keys = [key for key in jwks["keys"] if key.get("kid") == header["kid"]]
    assert len(keys) == 1, f"{len(keys)} keys with kid {header['kid']}"
    key = keys[0]
    assert key.get("use", "sig") == "sig"
    assert key.get("alg", header["alg"]) == header["alg"]
    assert PRIVATE_MEMBERS.isdisjoint(key), "a private key is published"
    jwt.api_jws.PyJWS().decode(
        token, jwt.PyJWK(key, algorithm=_pyjwt_name(header["alg"])), [_pyjwt_name(header["alg"])]
    )
    return claims


def half_hash(value: str, algorithm: str) -> str:
    """Return at_hash, c_hash or s_hash of `value` (OpenID Connect Core section 3.3.2.11)."""
    # EdDSA with Ed25519 hashes with SHA-512 (RFC 8032 section 5.1).
    digest = HASHES.get(algorithm[-3:], hashlib.sha512)(value.encode("ascii")).digest()
    return to_base64url(digest[: len(digest) // 2])


def check_id_token(
    claims: Claims, *, issuer: str, client_id: str, nonce: str | None, header: Claims
) -> None:
    """Check an ID token as OpenID Connect Core section 3.1.3.7 tells a client to."""
    now = time.time()
    assert claims["iss"] == issuer
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    assert client_id in audience
    if len(audience) > 1:
        assert claims["azp"] == client_id
    assert isinstance(claims["sub"], str)
    assert 0 < len(claims["sub"]) <= 255
    assert claims["sub"].isascii()
    assert isinstance(claims["exp"], int)
    assert claims["exp"] > now - SKEW
    assert isinstance(claims["iat"], int)
    assert now - 300 < claims["iat"] < now + SKEW
    assert claims.get("nonce") == nonce
    if "auth_time" in claims:
        assert isinstance(claims["auth_time"], int)
        assert claims["auth_time"] <= now + SKEW
    assert "at+jwt" not in header.get("typ", "")


def check_half_hash(
    claims: Claims, name: str, value: str, *, algorithm: str, is_required: bool
) -> None:
    """Check at_hash, c_hash or s_hash: right if there, and there if required."""
    if is_required:
        assert name in claims, f"{name} is missing"
    if name in claims:
        assert claims[name] == half_hash(value, algorithm)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of a public key."""
    members = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
    needed = {name: jwk[name] for name in members[jwk["kty"]]}
    text = json.dumps(needed, separators=(",", ":"), sort_keys=True)
    return to_base64url(hashlib.sha256(text.encode()).digest())


def to_base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _pyjwt_name(algorithm: str) -> str:
    # RFC 9864 names the curve; PyJWT knows the older name.
    return "EdDSA" if algorithm == "Ed25519" else algorithm
