"""RFC 7523, OpenID Connect Core section 9: private_key_jwt and client_secret_jwt.

The client signs a short statement for us: with a key of its own, or with a MAC under its secret.
Which audience it may name is decided in docs/decisions/0012-client-authentication.md.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from doorward.applications.cached import Client
from doorward.applications.store import SEAL_PURPOSE
from doorward.applications.types import AuthMethod
from doorward.kit.jose import JoseError, Jws, parse_jws
from doorward.oidc.clients.keys import CLIENT_ALGORITHMS, verify_signature
from doorward.oidc.errors import InvalidClient
from doorward.oidc.jwt_times import SKEW, check_times
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params
from doorward.replays.store import remember
from doorward.tenants.request_policy import current_policy

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECRET_ALGORITHMS = ("HS256",)
"""A secret has 32 characters; RFC 7518 section 3.2 wants keys as long as the hash."""

# RFC 8725 section 3.11: other JWTs of the client (request objects, proofs) have types of their own.
_TYPES = ("jwt", "client-authentication+jwt")


def parse_assertion(params: Params) -> Jws | None:
    """Return the client assertion of a request, unverified.

    Raises:
        InvalidClient: it is of a type that we do not know, or malformed.
    """
    text, type_ = params.get("client_assertion"), params.get("client_assertion_type")
    if text is None and type_ is None:
        return None
    # RFC 7521 section 4.2: both are REQUIRED.
    if text is None or type_ != ASSERTION_TYPE:
        raise InvalidClient(f"client_assertion_type must be {ASSERTION_TYPE}")
    try:
        return parse_jws(text)
    except JoseError as error:
        raise InvalidClient("the client assertion is malformed", detail=str(error)) from error


async def check_assertion(
    jws: Jws, client: Client, *, request: OidcRequest, provider: Provider
) -> None:
    """Check that a client made an assertion, for us, now, and that it comes for the first time.

    Raises:
        InvalidClient: one of these is not so.
    """
    now = provider.clock.now()
    try:
        # 1. It is a client assertion, signed as the client registered.
        if "typ" in jws.header and not jws.has_type(_TYPES):
            raise JoseError("unexpected type")
        await _check_signature(jws, client, request=request, provider=provider)

        # 2. RFC 7523 section 3: issuer and subject are the client, the audience is us.
        if not jws.claims.get("iss") == jws.claims.get("sub") == client.id:
            raise JoseError("iss and sub must be the client_id")
        await _check_audience(jws, client, request=request, provider=provider)

        # 3. It is good now, and not for long.
        check_times(jws.claims, now=int(now.timestamp()), required=("exp",))
        jti = jws.claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise JoseError("missing claim jti")
    except JoseError as error:
        raise InvalidClient("client authentication failed", detail=str(error)) from error

    # 4. RFC 7523 section 3, OpenID Connect Core section 9: it is used once. Remembered on its own,
    #    for whatever becomes of the request, the assertion has been seen.
    expires_at = datetime.fromtimestamp(jws.claims["exp"], UTC) + timedelta(seconds=SKEW + 1)
    async with provider.db.transaction(request.edge.tenant_id) as tx:
        is_first = await remember(
            tx,
            tenant_id=request.edge.tenant_id,
            purpose="client_assertion",
            value=f"{client.id} {jti}",
            expires_at=expires_at,
        )
    if not is_first:
        raise InvalidClient("client authentication failed", detail="the assertion was used before")


async def _check_signature(
    jws: Jws, client: Client, *, request: OidcRequest, provider: Provider
) -> None:
    registered = client.metadata.token_endpoint_auth_signing_alg
    if client.auth_method == AuthMethod.PRIVATE_KEY_JWT:
        await verify_signature(
            jws,
            client,
            key_sets=provider.key_sets,
            tenant_id=request.edge.tenant_id,
            algorithms=CLIENT_ALGORITHMS if registered is None else (registered,),
        )
    elif jws.algorithm not in SECRET_ALGORITHMS or registered not in {None, jws.algorithm}:
        raise JoseError("the algorithm is not allowed for this client")
    elif not _is_mac_of_secret(jws, client, provider=provider):
        raise JoseError("no secret of the client verifies the signature")


def _is_mac_of_secret(jws: Jws, client: Client, *, provider: Provider) -> bool:
    now = provider.clock.now()
    return any(
        hmac.compare_digest(hmac.digest(key.encode(), jws.signed, "sha256"), jws.signature)
        for secret in client.secrets
        if secret.expires_at is None or secret.expires_at > now
        for key in (provider.sealer.unseal(secret.sealed, purpose=SEAL_PURPOSE),)
    )


async def _check_audience(
    jws: Jws, client: Client, *, request: OidcRequest, provider: Provider
) -> None:
    """Check that we are the one whom the assertion is for, alone.

    An assertion for several, or for an address that another server had a say in, may have been
    made for that other server, which then hands it to us.
    """
    issuer, audience = request.edge.issuer, jws.claims.get("aud")
    if audience == issuer:
        return
    # What RFC 7523 section 3 and RFC 9126 section 2 let older clients name.
    endpoints = (f"{issuer}/token", issuer + request.path.removeprefix("/oidc"))
    policy = await current_policy(await provider.snapshots.current(request.edge.tenant_id))
    if audience not in endpoints or client.is_hardened or policy.is_hardened:
        raise JoseError("aud must be the issuer, alone")
