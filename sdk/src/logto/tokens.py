"""Trust in tokens: signature and claims (OpenID Connect Core 1.0 section 3.1.3.7, RFC 9068)."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .LogtoException import LogtoException
from .models.oidc import AccessTokenClaims, IdTokenClaims
from .utilities import urlsafeEncode

if TYPE_CHECKING:
    from joserfc.jwk import Key

# Public-key signatures only. `none` proves nothing; with an HMAC algorithm the published key would
# be the secret (RFC 8725 section 3.1), which is the confusion attack.
ALGORITHMS = frozenset(
    (
        "ES256",
        "ES384",
        "ES512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "EdDSA",
        "Ed25519",
    )
)
# How far the clocks of the server and of this machine may be apart.
LEEWAY = 60

_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def read_header(token: str) -> dict[str, Any]:
    """Return the header of a JWT, nothing verified."""
    return _read_part(token, 0)


def read_claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, nothing verified."""
    return _read_part(token, 1)


def verify_signature(
    token: str, *, key: Key, algorithms: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Verify the signature of a JWT and return its header and claims.

    Raises:
        LogtoException: the signature is wrong, or its algorithm not one of `algorithms`.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    try:
        verified = jwt.decode(token, key, algorithms=sorted(ALGORITHMS.intersection(algorithms)))
    except (JoseError, ValueError) as error:
        raise LogtoException(f"The signature of the token does not hold: {error}") from error
    return dict(verified.header), dict(verified.claims)


def check_id_token(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    now: float,
    nonce: str | None = None,
    subject: str | None = None,
) -> IdTokenClaims:
    """Check the claims of an ID token whose signature holds.

    `nonce` is the one of the sign-in, `subject` the user known before: None where there is none.

    Raises:
        LogtoException: a claim is missing or wrong.
    """
    # 1. The shape.
    try:
        parsed = IdTokenClaims.model_validate(claims)
    except ValidationError as error:
        raise LogtoException(f"The ID token lacks claims: {error}") from error

    # 2. From this server, for this application. OpenID Connect Core section 3.1.3.7 (2 to 5)
    _check_issuer(parsed.iss, issuer)
    audiences = _list(parsed.aud)
    authorized = claims.get("azp")
    if client_id not in audiences:
        raise LogtoException("The ID token is for another application (aud)")
    if len(audiences) > 1 and authorized is None:
        raise LogtoException("The ID token has several audiences and no azp")
    if authorized is not None and authorized != client_id:
        raise LogtoException("The ID token was issued to another application (azp)")

    # 3. Within its time. Section 3.1.3.7 (9, 10)
    _check_times(parsed.exp, parsed.iat, now=now)

    # 4. The answer to our own request, not one that somebody else began. Section 3.1.3.7 (11)
    if nonce is not None and not _equal(claims.get("nonce"), nonce):
        raise LogtoException("The nonce of the ID token is not the one of this sign-in")

    # 5. The user must not change when tokens are refreshed. Section 12.2
    if subject is not None and parsed.sub != subject:
        raise LogtoException("The ID token is about another user")
    return parsed


def check_access_token_hash(
    header: Mapping[str, Any], claims: Mapping[str, Any], token: str
) -> None:
    """Check that the ID token and access token `token` belong together, where `at_hash` says so.

    OpenID Connect Core section 3.1.3.8.

    Raises:
        LogtoException: they do not.
    """
    expected = claims.get("at_hash")
    digest = _HASHES.get(str(header.get("alg", ""))[-3:])
    if expected is None or digest is None:
        return
    left_half = digest(token.encode("ascii")).digest()[: digest().digest_size // 2]
    if not _equal(expected, urlsafeEncode(left_half)):
        raise LogtoException("The access token is not the one of the ID token (at_hash)")


def check_access_token(
    header: Mapping[str, Any], claims: Mapping[str, Any], *, issuer: str, audience: str, now: float
) -> AccessTokenClaims:
    """Check the claims of a JWT access token whose signature holds. RFC 9068 section 4.

    Raises:
        LogtoException: a claim is missing or wrong.
    """
    # An ID token of the same server has a valid signature too, and is no access token.
    if str(header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
        raise LogtoException("The token is not an access token (typ)")
    try:
        parsed = AccessTokenClaims.model_validate(claims)
    except ValidationError as error:
        raise LogtoException(f"The access token lacks claims: {error}") from error

    _check_issuer(parsed.iss, issuer)
    if audience not in _list(parsed.aud):
        raise LogtoException("The access token is for another API (aud)")
    _check_times(parsed.exp, parsed.iat, now=now)
    return parsed


def _check_issuer(actual: str, expected: str) -> None:
    if actual != expected:
        raise LogtoException(f"The token is from another issuer (iss): {actual}")


def _check_times(exp: int, iat: int, *, now: float) -> None:
    if exp + LEEWAY <= now:
        raise LogtoException("The token has expired (exp)")
    if iat - LEEWAY > now:
        raise LogtoException("The token is from the future (iat)")


def _list(audience: str | list[str]) -> list[str]:
    return [audience] if isinstance(audience, str) else audience


def _equal(actual: object, expected: str) -> bool:
    return isinstance(actual, str) and hmac.compare_digest(actual.encode(), expected.encode())


def _read_part(token: str, index: int) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        raise LogtoException("The token is opaque, not a JWT")
    try:
        value = json.loads(urlsafe_b64decode(parts[index] + "=" * (-len(parts[index]) % 4)))
    except (Base64Error, ValueError) as error:
        raise LogtoException("The token is not a JWT") from error
    if not isinstance(value, dict):
        raise LogtoException("The token is not a JWT")
    return value
