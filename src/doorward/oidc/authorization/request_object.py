"""RFC 9101, OpenID Connect Core section 6: an authorization request that the client signed.

    request=<JWT>                     by value: `parse_request_object`
    request_uri=https://…             by reference: `fetch_request_object`, then the same

What the object says is the whole request: parameters that stand beside it, which anybody between
the client and us may have added, do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from doorward.applications.cached import Client
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpError
from doorward.kit.jose import JoseError, Jws, parse_jws
from doorward.oidc.clients.keys import CLIENT_ALGORITHMS, verify_signature
from doorward.oidc.errors import InvalidRequestObject, InvalidRequestUri
from doorward.oidc.jwt_times import check_times
from doorward.oidc.provider import Provider
from doorward.oidc.request import Params
from doorward.tenants.request_policy import current_policy

TIME_LIMIT = timedelta(seconds=3)
MAX_BYTES = 16 * 1024
# RFC 9101 section 5.2.
MAX_URI = 512

# RFC 9101 section 10.8: other JWTs of the client have types of their own. Many clients send none.
_TYPES = ("oauth-authz-req+jwt", "jwt")
# RFC 7519 section 4.1: what the JWT says of itself is no parameter.
_OF_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
# OpenID Connect Core section 5.5, RFC 9396 section 2: parameters that are JSON themselves.
_JSON_PARAMETERS = frozenset({"claims", "authorization_details"})


async def parse_request_object(
    provider: Provider, client: Client, *, edge: Edge, value: str
) -> Params:
    """Return the parameters of a request object that `client` signed for us.

    Raises:
        InvalidRequestObject: it is not, or not now, or says what a request object must not say.
    """
    try:
        jws = parse_jws(value)

        # 1. RFC 9101 section 6.2: signed by the client, as it registered; never unsigned.
        if "typ" in jws.header and not jws.has_type(_TYPES):
            raise JoseError("unexpected type")
        registered = client.metadata.request_object_signing_alg
        await verify_signature(
            jws,
            client,
            key_sets=provider.key_sets,
            tenant_id=edge.tenant_id,
            algorithms=CLIENT_ALGORITHMS if registered is None else (registered,),
        )

        # 2. Made by this client, for us, now.
        _check_claims(jws, client, issuer=edge.issuer)
        # FAPI 2.0 Message Signing section 5.3.1: who must sign says until when it is good.
        policy = await current_policy(await provider.snapshots.current(edge.tenant_id))
        must_sign = (
            client.metadata.require_signed_request_object or policy.require_signed_request_object
        )
        check_times(
            jws.claims,
            now=int(provider.clock.now().timestamp()),
            required=("exp", "nbf") if must_sign else (),
            is_brief=must_sign,
        )

        # 3. What it asks for.
        return _params(jws.claims, client_id=client.id)
    except JoseError as error:
        raise InvalidRequestObject("the request object is invalid", detail=str(error)) from error


async def fetch_request_object(provider: Provider, client: Client, uri: str) -> str:
    """Return the request object at an address that the client registered.

    Raises:
        InvalidRequestUri: it registered another, or nothing of use is there.
    """
    # RFC 9101 section 10.4: an address that is not registered makes us call anybody.
    is_registered = uri in client.metadata.request_uris
    if not is_registered or len(uri) > MAX_URI or not uri.startswith("https://"):
        raise InvalidRequestUri("request_uri is not registered for this client")
    # OpenID Connect Core section 6.2: the fragment is a hash for caches, of which there is none.
    address = uri.partition("#")[0]
    try:
        answer = await provider.http.get(
            address,
            headers={"accept": "application/oauth-authz-req+jwt, application/jwt"},
            time_limit=TIME_LIMIT,
            max_bytes=MAX_BYTES,
        )
    except HttpError as error:
        raise InvalidRequestUri("request_uri cannot be read", detail=str(error)) from error
    if answer.status != 200 or not answer.body.isascii():
        raise InvalidRequestUri("request_uri cannot be read", detail=f"status {answer.status}")
    return answer.body.decode().strip()


def _check_claims(jws: Jws, client: Client, *, issuer: str) -> None:
    claims = jws.claims
    # RFC 9101 section 4: iss is the client, aud is us, alone or among others.
    if claims.get("iss") != client.id:
        raise JoseError("iss must be the client_id")
    audience = claims.get("aud")
    if audience != issuer and not (isinstance(audience, list) and issuer in audience):
        raise JoseError("aud must be the issuer")
    # RFC 9101 section 5: the client_id inside and outside MUST match.
    if claims.get("client_id", client.id) != client.id:
        raise JoseError("client_id is another client's")
    # RFC 9101 section 10.8: what has the client for its subject is a client assertion.
    if claims.get("sub") == client.id:
        raise JoseError("sub must not be the client_id")
    # RFC 9101 section 4: request and request_uri MUST NOT be included.
    if "request" in claims or "request_uri" in claims:
        raise JoseError("a request object must not hold another")


def _params(claims: Mapping[str, Any], *, client_id: str) -> Params:
    values: dict[str, str] = {}
    resources: tuple[str, ...] = ()
    for name, value in claims.items():
        if name == "resource":
            # RFC 8707 section 2: the one parameter that may have several values.
            several = value if isinstance(value, list) else [value]
            resources = tuple(dict.fromkeys(_text(name, one) for one in several if one))
        elif name not in _OF_THE_JWT and (text := _text(name, value)):
            values[name] = text
    return Params({**values, "client_id": client_id}, resources)


def _text(name: str, value: object) -> str:
    """Return a parameter as a query would have it; empty if it was omitted."""
    if value is None:
        return ""
    if name in _JSON_PARAMETERS and isinstance(value, dict | list):
        try:
            return msgspec.json.encode(value).decode()
        except RecursionError as error:
            raise JoseError(f"parameter {name!r} is nested too deeply") from error
    # RFC 9101 section 4: numbers MAY be JSON numbers, and so is max_age.
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or "\0" in text:
        raise JoseError(f"parameter {name[:64]!r} must be a string")
    return text
