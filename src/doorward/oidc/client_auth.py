"""RFC 6749 section 2.3, OpenID Connect Core section 9: who is the client?

    client_secret_basic, client_secret_post      here; the two are interchangeable
    client_secret_jwt, private_key_jwt           client_assertion.py
    tls_client_auth, self_signed_tls_client_auth client_certificate.py
    none                                         here; it says who it is and no more

A client authenticates in the way it is registered for, and in no other: who may sign must not be
able to fall back to a secret that somebody has read.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import datetime
from urllib.parse import unquote

import msgspec

from doorward.applications.cached import Client, ClientSecret
from doorward.applications.types import AuthMethod
from doorward.kit.crypto import Sealer, is_equal
from doorward.kit.jose import Jws
from doorward.oidc.clients.assertion import check_assertion, parse_assertion
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.clients.tls_auth import check_certificate
from doorward.oidc.cors import check_origin
from doorward.oidc.errors import InvalidClient, InvalidRequest
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.storage import Snapshot

_CHALLENGE = 'Basic realm="Doorward", charset="UTF-8"'
_WITH_SECRET = frozenset({AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST})
_WITH_ASSERTION = frozenset({AuthMethod.CLIENT_SECRET_JWT, AuthMethod.PRIVATE_KEY_JWT})


class _Credentials(msgspec.Struct, frozen=True):
    """Who a client says it is, and what it sent to prove it. `challenge` answers a failure."""

    client_id: str
    secret: str = ""
    assertion: Jws | None = None
    challenge: str | None = None


async def authenticate_client(
    request: OidcRequest, provider: Provider, snapshot: Snapshot
) -> Client:
    """Return the client that the request proves to come from.

    Raises:
        InvalidRequest: two ways at once, an expired secret, or a browser origin not its own.
        InvalidClient: unknown client, or wrong or missing credentials.
    """
    # 1. Who it says it is.
    sent = _credentials(request)

    # 2. Whom we know.
    client = await find_client_at(
        snapshot, sent.client_id, edge=request.edge, documents=provider.documents
    )
    if client is None:
        raise InvalidClient(f"invalid client {sent.client_id[:128]}", challenge=sent.challenge)

    # 3. What it sent is what it is registered for, and right.
    method = client.auth_method
    has_header = sent.challenge is not None and method != AuthMethod.NONE
    if (sent.secret or has_header) and method not in _WITH_SECRET:
        raise InvalidClient("the client must not send a secret", challenge=sent.challenge)
    if sent.assertion is not None and method not in _WITH_ASSERTION:
        raise InvalidClient("the client must not send an assertion")
    if method in _WITH_SECRET:
        if not sent.secret:
            raise InvalidClient("client authentication is required", challenge=sent.challenge)
        _check_secret(sent, client.secrets, sealer=provider.sealer, now=provider.clock.now())
    elif method in _WITH_ASSERTION:
        if sent.assertion is None:
            raise InvalidClient("a client assertion is required")
        await check_assertion(sent.assertion, client, request=request, provider=provider)
    elif method != AuthMethod.NONE:
        await check_certificate(request, client, provider=provider)

    # 4. Where it runs, if it is a page in a browser.
    check_origin(request, client)
    return client


def _credentials(request: OidcRequest) -> _Credentials:
    params = request.params
    client_id, secret = params.get("client_id"), params.get("client_secret")
    authorization = request.header(b"authorization")
    assertion = parse_assertion(params)

    # RFC 6749 section 2.3: not more than one method in each request.
    if (secret is not None) + (authorization is not None) + (assertion is not None) > 1:
        raise InvalidRequest("client authentication must only be provided using one mechanism")
    if authorization is not None:
        basic_id, basic_secret = _parse_basic(authorization)
        if client_id is not None and client_id != basic_id:
            raise InvalidRequest("mismatch in body and authorization client ids")
        return _Credentials(basic_id, basic_secret, challenge=_CHALLENGE)
    if assertion is not None:
        # RFC 7521 section 4.2: client_id is unnecessary, but must name the same client.
        subject = assertion.claims.get("sub")
        if not isinstance(subject, str) or "\0" in subject or client_id not in {None, subject}:
            raise InvalidClient("the assertion is of another client")
        return _Credentials(subject, assertion=assertion)
    if client_id is None:
        raise InvalidRequest("no client authentication mechanism provided")
    return _Credentials(client_id, secret or "")


def _parse_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient(
            "the authorization header must use the scheme Basic", challenge=_CHALLENGE
        )
    try:
        text = b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = text.partition(":")
        # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
        client_id, secret = (
            unquote(part.replace("+", " "), errors="strict") for part in (client_id, secret)
        )
    except (binascii.Error, ValueError) as error:
        raise InvalidClient(
            "the authorization header is malformed", challenge=_CHALLENGE
        ) from error
    if not colon or not client_id or "\0" in text or "\0" in client_id:
        raise InvalidClient("the authorization header is malformed", challenge=_CHALLENGE)
    return client_id, secret


def _check_secret(
    sent: _Credentials, known: tuple[ClientSecret, ...], *, sealer: Sealer, now: datetime
) -> None:
    value_hash = sealer.lookup_hash(sent.secret)
    matching = [one for one in known if is_equal(one.value_hash, value_hash)]
    if not matching:
        raise InvalidClient("client authentication failed", challenge=sent.challenge)
    if not any(one.expires_at is None or one.expires_at > now for one in matching):
        # RFC 6749 section 5.2: 401 to who used the header.
        if sent.challenge is not None:
            raise InvalidClient("client secret has expired", challenge=sent.challenge)
        raise InvalidRequest("client secret has expired")
