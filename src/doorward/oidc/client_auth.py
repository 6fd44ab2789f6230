"""RFC 6749 section 2.3: who is the client? client_secret_basic, client_secret_post and none."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import datetime
from urllib.parse import unquote

from doorward.applications.cached import Client, ClientSecret
from doorward.kit.crypto import Sealer, is_equal
from doorward.oidc.clients import find_client_at
from doorward.oidc.cors import check_origin
from doorward.oidc.errors import InvalidClient, InvalidRequest
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.storage import Snapshot

_CHALLENGE = 'Basic realm="Doorward", charset="UTF-8"'


async def authenticate_client(
    request: OidcRequest, provider: Provider, snapshot: Snapshot
) -> Client:
    """Return the client that the request proves to come from.

    Raises:
        InvalidRequest: two ways at once, an expired secret, or a browser origin not its own.
        InvalidClient: unknown client, or wrong or missing credentials.
    """
    # 1. Who it says it is. The two ways of sending a secret are interchangeable.
    client_id, secret, is_basic = _credentials(request)
    challenge = _CHALLENGE if is_basic else None

    # 2. Whom we know.
    client = await find_client_at(snapshot, client_id, edge=request.edge)
    if client is None:
        raise InvalidClient(f"invalid client {client_id[:128]}", challenge=challenge)

    # 3. A public client has no secret; one that sends a secret takes itself for another client.
    if client.is_public:
        if secret:
            raise InvalidClient("the client must not send a secret", challenge=challenge)
    else:
        if not secret:
            raise InvalidClient("client authentication is required", challenge=challenge)
        _check_secret(
            secret,
            client.secrets,
            sealer=provider.sealer,
            now=provider.clock.now(),
            challenge=challenge,
        )

    # 4. Where it runs, if it is a page in a browser.
    check_origin(request, client)
    return client


def _credentials(request: OidcRequest) -> tuple[str, str, bool]:
    params = request.params
    if params.get("client_assertion") or params.get("client_assertion_type"):
        raise InvalidClient("client assertions are not supported")
    client_id, secret = params.get("client_id"), params.get("client_secret")
    authorization = request.header(b"authorization")
    if authorization is None:
        if client_id is None:
            raise InvalidRequest("no client authentication mechanism provided")
        return client_id, secret or "", False

    # RFC 6749 section 2.3: not more than one method in each request.
    if secret is not None:
        raise InvalidRequest("client authentication must only be provided using one mechanism")
    basic_id, basic_secret = _parse_basic(authorization)
    if client_id is not None and client_id != basic_id:
        raise InvalidRequest("mismatch in body and authorization client ids")
    return basic_id, basic_secret, True


def _parse_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidRequest("the authorization header must use the scheme Basic")
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
    secret: str,
    known: tuple[ClientSecret, ...],
    *,
    sealer: Sealer,
    now: datetime,
    challenge: str | None,
) -> None:
    value_hash = sealer.lookup_hash(secret)
    matching = [one for one in known if is_equal(one.value_hash, value_hash)]
    if not matching:
        raise InvalidClient("client authentication failed", challenge=challenge)
    if not any(one.expires_at is None or one.expires_at > now for one in matching):
        raise InvalidRequest("client secret has expired")
