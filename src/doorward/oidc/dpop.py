"""RFC 9449: DPoP, tokens that only the holder of a key can use.

    DPoP: <proof> ─► parse_proof      signature, method, address, time, token   (pure)
                  ─► nonce            ours, and recent, where one is wanted
                  ─► remember         once, at every worker and node
                  ─► jkt              the thumbprint that tokens are bound to

A proof's header holds its public key and is the same in every proof of a client, so what it says is
parsed once and kept by its text.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer, hash_token, is_equal
from doorward.kit.edge import RawHeaders
from doorward.kit.jose import (
    PROOF_ALGORITHMS,
    JoseError,
    VerificationKey,
    decode_base64url,
    encode_base64url,
)
from doorward.oidc.errors import InvalidDpopProof, InvalidRequest, UseDpopNonce
from doorward.replays.store import remember
from doorward.storage import Database

CLOCK_SKEW = 60
"""Seconds by which a proof's `iat` may lie before or after our time."""

NONCE_WINDOW = 180
"""A nonce is good in the window in which it was made and in the next: for 3 to 6 minutes."""

_MAX_PROOF = 8 * 1024
_MAX_HEADER = 4 * 1024
_KEPT_KEYS = 1024
_NONCE_PURPOSE = "dpop_nonce"
# RFC 7638 section 3.2, RFC 8037 section 2: the members that make a thumbprint, in order.
_THUMBPRINT_MEMBERS = {
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "OKP": ("crv", "kty", "x"),
}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Proof(msgspec.Struct, frozen=True):
    """A proof whose signature, method, address, time and token are right."""

    jkt: str
    jti: str
    iat: float
    nonce: str | None


class _Header(msgspec.Struct, frozen=True):
    typ: str
    alg: str
    jwk: dict[str, Any]
    crit: Any = None


class _Claims(msgspec.Struct, frozen=True):
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    htm: str
    htu: str
    iat: float
    ath: str | None = None
    nonce: str | None = None
    exp: float | None = None
    nbf: float | None = None


_decode_header = msgspec.json.Decoder(_Header).decode
_decode_claims = msgspec.json.Decoder(_Claims).decode
_encode_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ProofVerifier:
    """Verifies the proofs of a server. `requires_nonce` makes clients use nonces of ours."""

    db: Database
    sealer: Sealer
    clock: Clock
    requires_nonce: bool = False

    async def confirm(
        self,
        headers: RawHeaders,
        *,
        method: str,
        url: str,
        tenant_id: str,
        access_token: str | None = None,
    ) -> str | None:
        """Return the thumbprint of the key that a request proves to hold; None without a proof.

        Args:
            url: the public address of the request, without its query.
            access_token: the token that comes with the request, at a protected resource.

        Raises:
            InvalidDpopProof, UseDpopNonce.
        """
        # 1. Section 4.3: not more than one header.
        values = [value for name, value in headers if name == b"dpop"]
        if not values:
            return None
        if len(values) > 1:
            raise InvalidDpopProof("more than one DPoP proof was sent")

        # 2. What it proves.
        now = self.clock.seconds()
        proof = parse_proof(
            values[0].decode("latin-1"), method=method, url=url, now=now, access_token=access_token
        )

        # 3. Section 8: a nonce of ours, which says that the proof was not made long ahead.
        if (proof.nonce is not None or self.requires_nonce) and not self._is_nonce(
            proof.nonce or "", tenant_id=tenant_id, now=now
        ):
            raise UseDpopNonce(
                "the DPoP proof needs a nonce of this server",
                headers=self.nonce_headers(tenant_id),
            )

        # 4. Section 11.1: once. What the request comes to does not undo that.
        #    Kept for longer than it is good, since the clock of another node may be behind.
        good_until = datetime.fromtimestamp(int(proof.iat) + CLOCK_SKEW + 1, UTC)
        async with self.db.transaction(tenant_id) as tx:
            is_first = await remember(
                tx,
                tenant_id=tenant_id,
                purpose="dpop",
                value=f"{proof.jkt} {proof.jti}",
                expires_at=good_until + timedelta(seconds=CLOCK_SKEW),
            )
        if not is_first:
            raise InvalidDpopProof("the DPoP proof was used before")
        return proof.jkt

    def nonce_headers(self, tenant_id: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return the header that hands a client its next nonce (section 8.2)."""
        nonce = self._nonce(tenant_id, self.clock.seconds() // NONCE_WINDOW)
        return ((b"dpop-nonce", nonce.encode()),)

    def _is_nonce(self, nonce: str, *, tenant_id: str, now: int) -> bool:
        window = now // NONCE_WINDOW
        # The next one as well: another node's clock may be ahead of ours.
        return any(
            is_equal(nonce, self._nonce(tenant_id, one)) for one in (window, window - 1, window + 1)
        )

    def _nonce(self, tenant_id: str, window: int) -> str:
        return self.sealer.sign(f"{tenant_id}.{window}", purpose=_NONCE_PURPOSE)


def parse_proof(
    text: str, *, method: str, url: str, now: int, access_token: str | None = None
) -> Proof:
    """Return a proof after the checks of section 4.3 that need no memory.

    Raises:
        InvalidDpopProof: its description says which check failed.
    """
    # 1. A JWS in compact form.
    parts = text.split(".")
    if len(parts) != 3 or len(text) > _MAX_PROOF or len(parts[0]) > _MAX_HEADER:
        raise InvalidDpopProof("the DPoP proof is not a compact JWT")

    # 2. Its key and its signature.
    try:
        key = _parse_header(parts[0])
        key.verify(f"{parts[0]}.{parts[1]}".encode(), decode_base64url(parts[2]))
        claims = _decode_claims(decode_base64url(parts[1]))
    except JoseError as error:
        raise InvalidDpopProof("the DPoP proof's signature is wrong", detail=str(error)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidDpopProof("the DPoP proof is malformed", detail=str(error)) from error

    # 3. For this request.
    if claims.htm != method:
        raise InvalidDpopProof("the DPoP proof's htm is not the method of the request")
    if claims.htu != url and _normalised(claims.htu) != _normalised(url):
        raise InvalidDpopProof("the DPoP proof's htu is not the address of the request")

    # 4. For now.
    if not abs(now - claims.iat) <= CLOCK_SKEW:
        raise InvalidDpopProof("the DPoP proof's iat is too far from the time of the server")
    if (claims.exp is not None and claims.exp + CLOCK_SKEW <= now) or (
        claims.nbf is not None and claims.nbf - CLOCK_SKEW > now
    ):
        raise InvalidDpopProof("the DPoP proof is not valid now")

    # 5. For the token that comes with it.
    if access_token is not None and not is_equal(claims.ath or "", hash_token(access_token)):
        raise InvalidDpopProof("the DPoP proof's ath is not the hash of the access token")
    return Proof(jkt=key.kid, jti=claims.jti, iat=claims.iat, nonce=claims.nonce)


def parse_dpop_jkt(value: str | None) -> str | None:
    """Return the `dpop_jkt` of an authorization request, the thumbprint of a key (section 10).

    Raises:
        InvalidRequest: it is no SHA-256 in base64url.
    """
    if value is not None and not _THUMBPRINT.fullmatch(value):
        raise InvalidRequest("dpop_jkt must be the SHA-256 thumbprint of a key")
    return value


@functools.lru_cache(maxsize=_KEPT_KEYS)
def _parse_header(encoded: str) -> VerificationKey:
    """Return the key in a proof's header; its `kid` is the thumbprint.

    Raises:
        InvalidDpopProof, JoseError, MsgspecError: what is refused is not kept.
    """
    header = _decode_header(decode_base64url(encoded))
    # RFC 8725 section 3.11: the type keeps other tokens of the client from serving as proofs.
    if header.typ.lower().removeprefix("application/") != "dpop+jwt":
        raise InvalidDpopProof("the DPoP proof's typ must be dpop+jwt")
    # RFC 7515 section 4.1.11: an extension that we do not understand must be refused.
    if header.crit is not None:
        raise InvalidDpopProof("the DPoP proof has an unknown critical header")
    # Section 4.3: neither `none` nor a symmetric algorithm.
    if header.alg not in PROOF_ALGORITHMS:
        raise InvalidDpopProof("the DPoP proof's alg is not supported")
    # Section 4.3: who sends a private key has no secret any more.
    if not _PRIVATE_MEMBERS.isdisjoint(header.jwk):
        raise InvalidDpopProof("the DPoP proof's jwk must be a public key")
    algorithm = "EdDSA" if header.alg == "Ed25519" else header.alg
    jwk = {**header.jwk, "alg": algorithm, "kid": _thumbprint(header.jwk)}
    return VerificationKey.from_jwk(jwk)


def _thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638 section 3."""
    names = _THUMBPRINT_MEMBERS.get(str(jwk.get("kty")))
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise InvalidDpopProof("the DPoP proof's jwk is malformed")
    members = {name: jwk[name] for name in names}
    return encode_base64url(hashlib.sha256(_encode_json(members)).digest())


def _normalised(url: str) -> str | None:
    """RFC 3986 sections 6.2.2 and 6.2.3, without query and fragment; None for what is no address
    of ours."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{_normalised_path(parts.path)}"


def _normalised_path(path: str) -> str:
    segments: list[str] = []
    for segment in _unescaped(path).split("/")[1:]:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    # A path that ends in a dot segment names a directory.
    is_directory = path.endswith(("/.", "/.."))
    return "/" + "/".join([*segments, ""] if is_directory else segments)


def _unescaped(path: str) -> str:
    """RFC 3986 section 6.2.2.2: what need not be escaped is not; the digits of the rest are upper
    case."""
    head, *escapes = path.split("%")
    parts = [head]
    for escape in escapes:
        digits = escape[:2]
        try:
            character = chr(int(digits, 16))
        except ValueError:
            character = ""
        parts.append(character if character in _UNRESERVED else f"%{digits.upper()}")
        parts.append(escape[2:])
    return "".join(parts)
