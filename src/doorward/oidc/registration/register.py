"""RFC 7591 section 3, OpenID Connect Dynamic Client Registration 1.0: POST /oidc/reg.

closed                nothing is there
initial access token  whoever has been given one registers, as often as it says
open                  anybody registers, so many an hour from one address
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from doorward.applications.metadata import ClientMetadata
from doorward.applications.requested_metadata import (
    MetadataError,
    RedirectUriError,
    RequestedClient,
    parse_requested_client,
)
from doorward.applications.sector_document import SectorError, check_sector_document
from doorward.applications.tables import Application
from doorward.applications.types import ApplicationType
from doorward.audit.store import record
from doorward.errors import RequestError
from doorward.kit.addresses import network_of
from doorward.kit.crypto import hash_token
from doorward.kit.edge import Edge
from doorward.oidc.cors import ANY_ORIGIN
from doorward.oidc.errors import (
    InvalidClientMetadata,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidToken,
    TooManyRegistrations,
    UnknownRoute,
)
from doorward.oidc.metadata import provider_metadata
from doorward.oidc.provider import Provider
from doorward.oidc.registration.software_statement import with_statement
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, json_response
from doorward.registration.config import Mode, current_config
from doorward.registration.rules import Registration, register
from doorward.registration.store import is_initial_access_token, use_initial_access_token
from doorward.security.attempts import (
    Action,
    LockoutPolicy,
    check_not_locked,
    guess_of,
    record_failure,
)
from doorward.storage import Snapshot

PATH = "/oidc/reg"
PER_HOUR = 20
_POLICY = LockoutPolicy(max_attempts=PER_HOUR + 1, duration=timedelta(hours=1))

# What the provider offers of each, by the names of RFC 8414 and its relatives.
_OFFERS = {
    "token_endpoint_auth_method": "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg": "token_endpoint_auth_signing_alg_values_supported",
    "subject_type": "subject_types_supported",
    "id_token_signed_response_alg": "id_token_signing_alg_values_supported",
    "id_token_encrypted_response_alg": "id_token_encryption_alg_values_supported",
    "id_token_encrypted_response_enc": "id_token_encryption_enc_values_supported",
    "userinfo_signed_response_alg": "userinfo_signing_alg_values_supported",
    "introspection_signed_response_alg": "introspection_signing_alg_values_supported",
    "authorization_signed_response_alg": "authorization_signing_alg_values_supported",
    "request_object_signing_alg": "request_object_signing_alg_values_supported",
    "authorization_details_types": "authorization_details_types_supported",
    "default_acr_values": "acr_values_supported",
    "grant_types": "grant_types_supported",
    "response_types": "response_types_supported",
}
# What the provider must have at all, for a client to demand it.
_NEEDS = {
    "dpop_bound_access_tokens": "dpop_signing_alg_values_supported",
    "tls_client_certificate_bound_access_tokens": "tls_client_certificate_bound_access_tokens",
    "require_pushed_authorization_requests": "pushed_authorization_request_endpoint",
    "require_signed_request_object": "request_parameter_supported",
    "request_uris": "request_uri_parameter_supported",
    "frontchannel_logout_uri": "frontchannel_logout_supported",
    "backchannel_logout_uri": "backchannel_logout_supported",
}


async def registration(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Register a client."""
    edge, now = request.edge, provider.clock.now()
    tenant_id = edge.tenant_id
    snapshot = await provider.snapshots.current(tenant_id)
    config = await current_config(snapshot)

    # 1. Section 3: who may. A token that is sent must be good, even where none is needed.
    if config.mode == Mode.CLOSED:
        raise UnknownRoute("clients cannot be registered here")
    token = find_bearer_token(request)
    if token is None and config.mode != Mode.OPEN:
        raise InvalidToken("an initial access token is required", challenge="Bearer")
    if token is not None:
        await _check_initial_access_token(provider, tenant_id=tenant_id, token=token)
    else:
        await _check_rate(provider, edge=edge)

    # 2. What is asked for.
    members = await with_statement(
        parse_members(request), provider, config=config, tenant_id=tenant_id
    )
    client = await check_members(members, provider, snapshot, edge=edge)

    # 3. All or nothing: the use of the token, the client, the entry in the log.
    async with provider.db.transaction(tenant_id) as tx:
        if token is not None and not await use_initial_access_token(
            tx, tenant_id=tenant_id, token_hash=hash_token(token), now=now
        ):
            raise _bad_token()
        made = await register(
            tx,
            tenant_id=tenant_id,
            client=client,
            config=config,
            sealer=provider.sealer,
            now=now,
        )
        await record(
            tx,
            tenant_id=tenant_id,
            key="ClientRegistration.Create",
            edge=edge,
            at=now,
            application_id=made.application.id,
            params={"name": made.application.name, "redirectUris": list(client.redirect_uris)},
        )

    # 4. Section 3.2.1: everything that was registered, and what only now is told.
    answer = client_information(made.application, edge=edge, token=made.token) | _secret(made)
    return json_response(answer, status=201).with_headers(ANY_ORIGIN)


def find_bearer_token(request: OidcRequest) -> str | None:
    """Return the token of the Authorization header (RFC 6750 section 2.1).

    Raises:
        InvalidToken: the header has another scheme.
    """
    header = request.header(b"authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _bad_token()
    return token.strip()


def parse_members(request: OidcRequest) -> dict[str, Any]:
    """Return the JSON object of a request.

    Raises:
        InvalidRequest: another media type, or no object.
    """
    media_type = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    # Section 3.1: application/json.
    if media_type != "application/json":
        raise InvalidRequest("the body must be application/json")
    try:
        members: dict[str, Any] = msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body must be a JSON object") from error
    return members


async def check_members(
    members: dict[str, Any],
    provider: Provider,
    snapshot: Snapshot,
    *,
    edge: Edge,
) -> RequestedClient:
    """Return the client that may be registered.

    Raises:
        InvalidRedirectUri, InvalidClientMetadata: section 3.2.2.
    """
    # 1. By the rules for every client, and by what this provider offers.
    try:
        client = parse_requested_client(members)
    except RedirectUriError as error:
        raise InvalidRedirectUri(str(error)) from error
    except MetadataError as error:
        raise InvalidClientMetadata(str(error)) from error
    _check_offered(client.metadata, await provider_metadata(provider, snapshot, edge=edge))

    # 2. OpenID Connect Registration section 5: the sector says that it is one.
    sector_identifier_uri = client.metadata.sector_identifier_uri
    if sector_identifier_uri is not None:
        try:
            await check_sector_document(
                provider.http,
                sector_identifier_uri=sector_identifier_uri,
                redirect_uris=client.redirect_uris,
            )
        except SectorError as error:
            raise InvalidClientMetadata(f"sector_identifier_uri {error}") from error
    return client


def client_information(application: Application, *, edge: Edge, token: str) -> dict[str, Any]:
    """Return what is registered (section 3.2.1, RFC 7592 section 3), without a secret."""
    stored = application.oidc_client_metadata
    metadata = msgspec.convert(stored, ClientMetadata)
    said = {
        name: value
        for name, value in msgspec.structs.asdict(metadata).items()
        if value not in (None, (), False)
    }
    if "logoUri" in stored:
        said["logo_uri"] = stored["logoUri"]
    if post_logout := stored.get("postLogoutRedirectUris"):
        said["post_logout_redirect_uris"] = post_logout
    return {
        **said,
        "client_id": application.id,
        "client_id_issued_at": int(application.created_at.timestamp()),
        "client_name": application.name,
        "application_type": "native" if application.type == ApplicationType.NATIVE else "web",
        "redirect_uris": stored.get("redirectUris", []),
        "registration_access_token": token,
        "registration_client_uri": f"{edge.issuer}/reg/{application.id}",
    }


def _secret(made: Registration) -> dict[str, Any]:
    if made.secret is None:
        return {}
    # Section 3.2.1: REQUIRED beside a secret; 0 for one that does not expire.
    return {"client_secret": made.secret, "client_secret_expires_at": 0}


def _check_offered(metadata: ClientMetadata, offered: dict[str, Any]) -> None:
    """Check that the provider does what a client asks for; nothing is registered in vain."""
    for member, name in _OFFERS.items():
        value = getattr(metadata, member)
        values = (value,) if isinstance(value, str) else value or ()
        for one in values:
            if one not in offered.get(name, ()):
                raise InvalidClientMetadata(f"{member}: {one[:64]!r} is not supported")
    for member, name in _NEEDS.items():
        if getattr(metadata, member) and not offered.get(name):
            raise InvalidClientMetadata(f"{member} is not supported")


async def _check_initial_access_token(provider: Provider, *, tenant_id: str, token: str) -> None:
    """Check a token before anything else is done for its bearer; it is used with the client."""
    if not await is_initial_access_token(
        provider.db, tenant_id=tenant_id, token_hash=hash_token(token), now=provider.clock.now()
    ):
        raise _bad_token()


async def _check_rate(provider: Provider, *, edge: Edge) -> None:
    """Count a registration by a stranger, and refuse one too many. It is looked at again after it
    was counted, so that of any number at once no more than that go on."""
    guess = guess_of(network_of(edge.client_ip), action=Action.CLIENT_REGISTRATION)
    now, tenant_id = provider.clock.now(), edge.tenant_id
    try:
        await check_not_locked(provider.db, tenant_id=tenant_id, guess=guess, now=now)
        await record_failure(provider.db, tenant_id=tenant_id, guess=guess, policy=_POLICY, now=now)
        await check_not_locked(provider.db, tenant_id=tenant_id, guess=guess, now=now)
    except RequestError as error:
        wait = str((error.data or {}).get("retryAfter", 3600))
        raise TooManyRegistrations(
            f"at most {PER_HOUR} clients an hour may be registered from one address",
            headers=((b"retry-after", wait.encode()),),
        ) from error


def _bad_token() -> InvalidToken:
    return InvalidToken(
        "the token is unknown, expired or used up", challenge='Bearer error="invalid_token"'
    )
