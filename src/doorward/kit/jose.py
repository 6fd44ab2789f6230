"""JWT signing and verification, JWK and thumbprints (RFC 7515, 7517, 7518, 7519, 7638).

A key is parsed once and kept; signing an ES256 token costs one elliptic-curve operation and one
JSON encoding. Verification takes the algorithm from the KEY, never from the token, which closes
`alg: none` and the HS/RS confusion by construction (RFC 8725 section 3.1).
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA")
"""Asymmetric algorithms a key may have."""

PROOF_ALGORITHMS = ("ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA", "Ed25519")
"""What a DPoP proof may be signed with (RFC 9449 section 4.3). RFC 9864 renamed EdDSA with this
curve to Ed25519; clients use either name."""

_CURVES: dict[str, tuple[type[ec.EllipticCurve], str, int, type[hashes.HashAlgorithm]]] = {
    "ES256": (ec.SECP256R1, "P-256", 32, hashes.SHA256),
    "ES384": (ec.SECP384R1, "P-384", 48, hashes.SHA384),
    "ES512": (ec.SECP521R1, "P-521", 66, hashes.SHA512),
}
# RFC 9864 section 2.2: the two names of one algorithm.
_ED25519 = frozenset({"EdDSA", "Ed25519"})
_MAX_TOKEN_LENGTH = 16 * 1024

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

_encode_json = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


class JoseError(Exception):
    """A token or key that is not well formed, or whose signature does not verify."""


def encode_base64url(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Return the bytes of unpadded base64url.

    Raises:
        JoseError: the text has padding or characters outside the alphabet.
    """
    if not isinstance(text, str):
        raise JoseError("not base64url")
    if "=" in text or not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise JoseError("not base64url")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise JoseError("not base64url") from error


class SigningKey:
    """A private key with its algorithm and key id, ready to sign."""

    def __init__(self, private_key: PrivateKey, *, algorithm: str, kid: str | None = None) -> None:
        self.algorithm = algorithm
        self._private_key = private_key
        self._sign = _signer(private_key, algorithm)
        self.public_jwk = public_jwk(private_key.public_key(), algorithm=algorithm)
        self.kid = kid or str(self.public_jwk["kid"])
        self.public_jwk["kid"] = self.kid
        self._headers: dict[str, bytes] = {}

    @classmethod
    def generate(cls, algorithm: str = "ES256") -> SigningKey:
        """Return a new key for `algorithm`."""
        if algorithm in _CURVES:
            return cls(ec.generate_private_key(_CURVES[algorithm][0]()), algorithm=algorithm)
        if algorithm in {"RS256", "PS256"}:
            private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return cls(private_key, algorithm=algorithm)
        if algorithm == "EdDSA":
            return cls(ed25519.Ed25519PrivateKey.generate(), algorithm=algorithm)
        raise ValueError(f"unknown algorithm {algorithm!r}")

    @classmethod
    def from_pem(cls, pem: str, *, algorithm: str, kid: str | None = None) -> SigningKey:
        """Return the key in an unencrypted PKCS #8 PEM."""
        private_key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(
            private_key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
        ):
            raise JoseError("unsupported key type")
        return cls(private_key, algorithm=algorithm, kid=kid)

    def to_pem(self) -> str:
        """Return the private key as unencrypted PKCS #8 PEM; seal it before storing."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def encode(self, claims: object, *, typ: str = "JWT") -> str:
        """Return the compact JWS of `claims` (a mapping or a msgspec Struct)."""
        header = self._headers.get(typ)
        if header is None:
            fields = {"alg": self.algorithm, "typ": typ, "kid": self.kid}
            header = self._headers[typ] = urlsafe_b64encode(_encode_json(fields)).rstrip(b"=")
        signed = header + b"." + urlsafe_b64encode(_encode_json(claims)).rstrip(b"=")
        return (signed + b"." + urlsafe_b64encode(self._sign(signed)).rstrip(b"=")).decode()


class VerificationKey:
    """A public key with its one algorithm."""

    def __init__(self, public_key: PublicKey, *, algorithm: str, kid: str) -> None:
        self.algorithm = algorithm
        self.kid = kid
        self._verify = _verifier(public_key, algorithm)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> VerificationKey:
        """Return the key of a public JWK that carries `alg` and `kid`.

        Raises:
            JoseError: a member is missing or the key type is not supported.
        """
        try:
            algorithm, kid = str(jwk["alg"]), str(jwk["kid"])
            return cls(_parse_jwk(jwk, algorithm), algorithm=algorithm, kid=kid)
        except (KeyError, ValueError, TypeError) as error:
            raise JoseError("malformed JWK") from error

    def verify(self, signed: bytes, signature: bytes) -> None:
        """Raise JoseError unless `signature` is this key's over `signed`."""
        try:
            self._verify(signature, signed)
        except (InvalidSignature, ValueError) as error:
            raise JoseError("the signature does not verify") from error


class Jws(msgspec.Struct, frozen=True):
    """A compact JWS taken apart. Nothing of it is true before `verify` has not raised."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """What the header says the signature is made with; whoever verifies must have a list."""
        return str(self.header.get("alg"))

    @property
    def kid(self) -> str | None:
        """The key that the header names, if it names one."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None

    def has_type(self, typ: tuple[str, ...]) -> bool:
        """Tell whether the header says one of these types (RFC 7515 section 4.1.9)."""
        said = self.header.get("typ")
        return isinstance(said, str) and said.lower().removeprefix("application/") in typ

    def verify(self, key: VerificationKey) -> None:
        """Raise JoseError unless the signature is the key's, by the key's one algorithm."""
        if self.algorithm != key.algorithm:
            raise JoseError("the algorithm is not the key's")
        key.verify(self.signed, self.signature)


def parse_jws(token: str) -> Jws:
    """Return a compact JWS whose payload is a set of claims, taken apart and NOT verified.

    Raises:
        JoseError: malformed, too long, or with a critical header.
    """
    if len(token) > _MAX_TOKEN_LENGTH:
        raise JoseError("token too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise JoseError("not a compact JWS")
    try:
        header = _decode_object(decode_base64url(parts[0]))
        claims = _decode_object(decode_base64url(parts[1]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise JoseError("header and claims must be JSON objects") from error
    # RFC 7515 section 4.1.11: an extension we do not understand must be refused.
    if "crit" in header:
        raise JoseError("unknown critical header")
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Jws(header, claims, signed, decode_base64url(parts[2]))


def decode(
    token: str, *, keys: Mapping[str, VerificationKey], typ: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """Return the claims of a compact JWS after verifying header, type and signature.

    `keys` maps kid to key. Registered claims (iss, aud, exp) are the caller's to check.

    Raises:
        JoseError: malformed, unknown kid, wrong `typ`, `crit` present, or a bad signature.
    """
    jws = parse_jws(token)
    key = keys.get(str(jws.header.get("kid")))
    if key is None:
        raise JoseError("unknown key")
    # RFC 8725 section 3.11: the explicit type keeps one kind of token from serving as another.
    if typ is not None and not jws.has_type(typ):
        raise JoseError("unexpected token type")
    jws.verify(key)
    return jws.claims


def public_jwk(key: PublicKey, *, algorithm: str) -> dict[str, str]:
    """Return the public JWK with kty, use, alg and the RFC 7638 thumbprint as kid."""
    members = _key_members(key)
    kid = encode_base64url(hashlib.sha256(_encode_json(dict(sorted(members.items())))).digest())
    return {**members, "use": "sig", "alg": algorithm, "kid": kid}


def half_hash(value: str, *, algorithm: str) -> str:
    """Return at_hash/c_hash of `value` (OpenID Connect Core section 3.1.3.6)."""
    digest = hashlib.new(_hash_name(algorithm), value.encode()).digest()
    return encode_base64url(digest[: len(digest) // 2])


def _hash_name(algorithm: str) -> str:
    if algorithm == "EdDSA":
        return "sha512"
    return f"sha{algorithm[2:]}"


def _key_members(key: PublicKey) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        size = (key.curve.key_size + 7) // 8
        curve = next(name for cls, name, _, _ in _CURVES.values() if isinstance(key.curve, cls))
        return {
            "kty": "EC",
            "crv": curve,
            "x": encode_base64url(numbers.x.to_bytes(size)),
            "y": encode_base64url(numbers.y.to_bytes(size)),
        }
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        return {
            "kty": "RSA",
            "n": encode_base64url(_to_bytes(rsa_numbers.n)),
            "e": encode_base64url(_to_bytes(rsa_numbers.e)),
        }
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(raw)}


def _to_bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _parse_jwk(jwk: Mapping[str, Any], algorithm: str) -> PublicKey:
    if algorithm in _CURVES and jwk["kty"] == "EC":
        curve, name, _, _ = _CURVES[algorithm]
        if jwk["crv"] != name:
            raise JoseError("curve does not fit the algorithm")
        x, y = (int.from_bytes(decode_base64url(jwk[member])) for member in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, curve()).public_key()
    if algorithm in {"RS256", "PS256"} and jwk["kty"] == "RSA":
        n, e = (int.from_bytes(decode_base64url(jwk[member])) for member in ("n", "e"))
        # RFC 7518 section 3.3: 2048 bits or more. A giant key or exponent is an attack on our time.
        if not 2048 <= n.bit_length() <= 8192 or e.bit_length() > 32:
            raise JoseError("an RSA key must have 2048 to 8192 bits")
        return rsa.RSAPublicNumbers(e, n).public_key()
    if algorithm in _ED25519 and jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(decode_base64url(jwk["x"]))
    raise JoseError("key type does not fit the algorithm")


def _signer(key: PrivateKey, algorithm: str) -> Callable[[bytes], bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey) and algorithm in _CURVES:
        _, _, size, hash_class = _CURVES[algorithm]
        scheme = ec.ECDSA(hash_class())
        sign = key.sign

        def sign_ecdsa(data: bytes) -> bytes:
            r, s = decode_dss_signature(sign(data, scheme))
            return r.to_bytes(size) + s.to_bytes(size)

        return sign_ecdsa
    if isinstance(key, rsa.RSAPrivateKey) and algorithm in {"RS256", "PS256"}:
        rsa_padding = _rsa_padding(algorithm)
        return lambda data: key.sign(data, rsa_padding, hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey) and algorithm == "EdDSA":
        return key.sign
    raise JoseError(f"the key does not fit {algorithm}")


def _verifier(key: PublicKey, algorithm: str) -> Callable[[bytes, bytes], None]:
    if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _CURVES:
        _, _, size, hash_class = _CURVES[algorithm]
        scheme = ec.ECDSA(hash_class())
        verify = key.verify

        def verify_ecdsa(signature: bytes, data: bytes) -> None:
            if len(signature) != 2 * size:
                raise InvalidSignature
            r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
            verify(encode_dss_signature(r, s), data, scheme)

        return verify_ecdsa
    if isinstance(key, rsa.RSAPublicKey) and algorithm in {"RS256", "PS256"}:
        rsa_padding = _rsa_padding(algorithm)
        return lambda signature, data: key.verify(signature, data, rsa_padding, hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PublicKey) and algorithm in _ED25519:
        return key.verify
    raise JoseError(f"the key does not fit {algorithm}")


def _rsa_padding(algorithm: str) -> padding.AsymmetricPadding:
    if algorithm == "PS256":
        return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()
