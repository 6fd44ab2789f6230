"""RFC 7516, RFC 7518 sections 4 and 5, OpenID Connect Core section 10.2: encrypted ID tokens.

A signed ID token becomes the content of a compact JWE that only the client opens. JWE itself is
joserfc's; which key of the client may be used, and for what, is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError as LibraryError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from doorward.applications.cached import Client
from doorward.applications.metadata import CONTENT_ENCRYPTIONS, KEY_ENCRYPTIONS
from doorward.kit.jose import JoseError, decode_base64url
from doorward.oidc.clients.keys import KeySets
from doorward.oidc.errors import InvalidRequest

DEFAULT_ENC = "A128CBC-HS256"
"""OpenID Connect Dynamic Client Registration section 2: id_token_encrypted_response_enc."""

_REGISTRY = jwe.JWERegistry(algorithms=[*KEY_ENCRYPTIONS, *CONTENT_ENCRYPTIONS])
_RSA_BITS = range(2048, 8193)
"""Shorter ones can be broken, longer ones cost us more than they give anybody."""

_CURVES = frozenset({"P-256", "P-384", "P-521", "X25519"})


async def find_encryption_key(
    client: Client, *, key_sets: KeySets, tenant_id: str
) -> tuple[Mapping[str, Any], ECKey | OKPKey | RSAKey]:
    """Return the key that a client wants its ID tokens encrypted with, as a JWK and read.

    Raises:
        InvalidRequest: the client has none for it, or its keys cannot be fetched.
    """
    alg = client.metadata.id_token_encrypted_response_alg
    # Never in clear to a client that wants it encrypted: what is not understood is refused.
    if alg not in KEY_ENCRYPTIONS or _enc_of(client) not in CONTENT_ENCRYPTIONS:
        raise InvalidRequest("the ID token cannot be encrypted as the client wants it")
    try:
        keys = await key_sets.find(client, tenant_id=tenant_id)
        return _choose(keys.jwks, alg)
    except (JoseError, LibraryError, ValueError, TypeError) as error:
        raise _no_key(error) from error


async def encrypt_id_token(token: str, client: Client, *, key_sets: KeySets, tenant_id: str) -> str:
    """Return a signed ID token as the content of a JWE for the client.

    Raises:
        InvalidRequest: as `find_encryption_key`.
    """
    jwk, key = await find_encryption_key(client, key_sets=key_sets, tenant_id=tenant_id)
    # RFC 7519 section 5.2: a JWT within a JWT.
    header: dict[str, Any] = {
        "alg": client.metadata.id_token_encrypted_response_alg,
        "enc": _enc_of(client),
        "cty": "JWT",
    }
    if isinstance(jwk.get("kid"), str):
        header["kid"] = jwk["kid"]
    try:
        return jwe.encrypt_compact(header, token, key, registry=_REGISTRY)
    except (LibraryError, ValueError, TypeError) as error:
        raise _no_key(error) from error


def _enc_of(client: Client) -> str:
    return client.metadata.id_token_encrypted_response_enc or DEFAULT_ENC


def _no_key(reason: Exception) -> InvalidRequest:
    return InvalidRequest("the client has no key to encrypt the ID token with", detail=str(reason))


def _choose(
    jwks: Sequence[Mapping[str, Any]], alg: str
) -> tuple[Mapping[str, Any], ECKey | OKPKey | RSAKey]:
    """Return the first key that is meant for this; one that says so goes before one that says
    nothing."""
    for use in ("enc", None):
        for jwk in jwks:
            if jwk.get("use") == use and jwk.get("alg", alg) == alg:
                key = _import(jwk, alg)
                if key is not None:
                    return jwk, key
    raise JoseError("no key of the client fits")


def _import(jwk: Mapping[str, Any], alg: str) -> ECKey | OKPKey | RSAKey | None:
    kty, data = jwk.get("kty"), dict(jwk)
    if alg.startswith("RSA"):
        is_fit = kty == "RSA" and _modulus_bits(jwk) in _RSA_BITS
        return RSAKey.import_key(data) if is_fit else None
    if jwk.get("crv") not in _CURVES:
        return None
    if kty == "EC":
        return ECKey.import_key(data)
    return OKPKey.import_key(data) if kty == "OKP" else None


def _modulus_bits(jwk: Mapping[str, Any]) -> int:
    return int.from_bytes(decode_base64url(str(jwk.get("n")))).bit_length()
