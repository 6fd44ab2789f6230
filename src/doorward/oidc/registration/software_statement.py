"""RFC 7591 section 2.3: a software statement: what somebody we believe says of a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.kit.jose import JoseError, parse_jws
from doorward.oidc.clients.keys import CLIENT_ALGORITHMS, KeySet
from doorward.oidc.errors import InvalidSoftwareStatement, UnapprovedSoftwareStatement
from doorward.oidc.jwt_times import SKEW
from doorward.oidc.provider import Provider
from doorward.registration.config import RegistrationConfig

# What the claims of a JWT are, and what no statement decides.
_NOT_METADATA = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "software_statement", "client_id"}
)


async def with_statement(
    members: Mapping[str, Any],
    provider: Provider,
    *,
    config: RegistrationConfig,
    tenant_id: str,
) -> dict[str, Any]:
    """Return the members with those of the software statement, which take precedence.

    Raises:
        InvalidSoftwareStatement: there is none although there must be, or it is no good.
        UnapprovedSoftwareStatement: it is by somebody whom the tenant does not believe.
    """
    statement = members.get("software_statement")
    if statement is None:
        if config.requires_software_statement:
            raise InvalidSoftwareStatement("a software_statement is required")
        return dict(members)

    # 1. Section 2.3: a JWT, signed or MACed, with an `iss`; whose, decides which keys.
    if not isinstance(statement, str):
        raise InvalidSoftwareStatement("software_statement must be a string")
    try:
        jws = parse_jws(statement)
    except JoseError as error:
        raise InvalidSoftwareStatement("software_statement is not a JWT") from error
    issuer = next(
        (one for one in config.software_statement_issuers if one.issuer == jws.claims.get("iss")),
        None,
    )
    if issuer is None:
        raise UnapprovedSoftwareStatement("the issuer of the software_statement is not approved")

    # 2. Their signature. RFC 8725 section 3.1: by a public key, whatever the header says.
    if jws.algorithm not in CLIENT_ALGORITHMS:
        raise InvalidSoftwareStatement("software_statement is signed by an unsupported algorithm")
    try:
        keys: KeySet = await provider.key_sets.find_at(
            issuer.jwks_uri, tenant_id=tenant_id, is_enough=lambda known: known.has_key(jws.kid)
        )
    except JoseError as error:
        raise InvalidSoftwareStatement(
            "the keys of the issuer could not be fetched", detail=str(error)
        ) from error
    for key in keys.candidates(algorithm=jws.algorithm, kid=jws.kid):
        try:
            jws.verify(key)
            break
        except JoseError:
            continue
    else:
        raise InvalidSoftwareStatement("the signature of the software_statement is not good")

    # 3. RFC 7519 sections 4.1.4 and 4.1.5: now. It may be good for years, unlike an assertion.
    now = provider.clock.seconds()
    if not _is_time(jws.claims.get("exp", now)) or jws.claims.get("exp", now) <= now - SKEW:
        raise InvalidSoftwareStatement("software_statement has expired")
    if not _is_time(jws.claims.get("nbf", now)) or jws.claims.get("nbf", now) > now + SKEW:
        raise InvalidSoftwareStatement("software_statement is not valid yet")

    # 4. Section 3.1.1: what it says MUST take precedence over what the client says beside it.
    said = {name: value for name, value in jws.claims.items() if name not in _NOT_METADATA}
    return {**members, **said}


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
