"""RFC 7592: GET, PUT and DELETE /oidc/reg/{client_id}, by whoever holds the registration token.

A change replaces everything that was registered, and the token: the old one is good for nothing
from the moment that the change is on disk.
"""

from __future__ import annotations

from doorward.applications.sectors import check_sector
from doorward.applications.store import list_secrets
from doorward.applications.tables import Application
from doorward.audit.store import record
from doorward.errors import RequestError
from doorward.kit.crypto import is_equal
from doorward.oidc.errors import InvalidClientMetadata, InvalidRequest, InvalidToken
from doorward.oidc.provider import Provider
from doorward.oidc.registration.register import (
    PATH,
    check_members,
    client_information,
    find_bearer_token,
    parse_members,
)
from doorward.oidc.registration.software_statement import with_statement
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import NO_STORE, OidcResponse, json_response
from doorward.registration.config import current_config
from doorward.registration.rules import change, end, find_managed

PREFIX = f"{PATH}/"
_MAX_ID = 128

# Section 2.2: what the server alone says; a client MUST NOT include it.
_OURS = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


async def show_registration(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Show what is registered (section 2.1). The secret was shown when it was made."""
    token, application = await _managed(request, provider)
    return json_response(client_information(application, edge=request.edge, token=token))


async def change_registration(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Replace what is registered (section 2.2)."""
    edge, now = request.edge, provider.clock.now()
    tenant_id = edge.tenant_id

    # 1. Whose registration it is.
    token, application = await _managed(request, provider)

    # 2. Section 2.2: for this client, and nothing that is the server's to say.
    members = parse_members(request)
    if members.get("client_id") != application.id:
        raise InvalidRequest("client_id must be that of the registration")
    if given := [name for name in _OURS if name in members]:
        raise InvalidRequest(f"{', '.join(given)} must not be included")
    await _check_secret(members.get("client_secret"), application, provider, tenant_id=tenant_id)

    # 3. Everything anew, as at the registration.
    snapshot = await provider.snapshots.current(tenant_id)
    config = await current_config(snapshot)
    members = await with_statement(members, provider, config=config, tenant_id=tenant_id)
    client = await check_members(members, provider, snapshot, edge=edge)
    try:
        check_sector(client.oidc_client_metadata, before=application.oidc_client_metadata)
    except RequestError as error:
        raise InvalidClientMetadata("pairwise subjects would change with the sector") from error

    # 4. The change and the new token, if the old one is still the token.
    async with provider.db.transaction(tenant_id) as tx:
        made = await change(
            tx,
            tenant_id=tenant_id,
            before=application,
            client=client,
            token=token,
            config=config,
            sealer=provider.sealer,
            now=now,
        )
        if made is None:
            raise _bad_token()
        await record(
            tx,
            tenant_id=tenant_id,
            key="ClientRegistration.Update",
            edge=edge,
            at=now,
            application_id=application.id,
            params={"name": made.application.name, "redirectUris": list(client.redirect_uris)},
        )
    answer = client_information(made.application, edge=edge, token=made.token)
    if made.secret is not None:
        answer |= {"client_secret": made.secret, "client_secret_expires_at": 0}
    return json_response(answer)


async def end_registration(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Delete the client with everything that was granted to it (section 2.3)."""
    edge = request.edge
    token, application = await _managed(request, provider)
    async with provider.db.transaction(edge.tenant_id) as tx:
        if not await end(tx, tenant_id=edge.tenant_id, client_id=application.id, token=token):
            raise _bad_token()
        await record(
            tx,
            tenant_id=edge.tenant_id,
            key="ClientRegistration.Delete",
            edge=edge,
            at=provider.clock.now(),
            application_id=application.id,
        )
    return OidcResponse(204, (NO_STORE,))


async def _managed(request: OidcRequest, provider: Provider) -> tuple[str, Application]:
    """Return the token and the client that it manages.

    Raises:
        InvalidToken: section 2: no token, or not this client's; whether there is such a client is
            nobody else's business.
    """
    token = find_bearer_token(request)
    if token is None:
        raise InvalidToken("the registration access token is required", challenge="Bearer")
    client_id = request.path.removeprefix(PREFIX)
    application = None
    if len(client_id) <= _MAX_ID and "\0" not in client_id:
        application = await find_managed(
            provider.db, tenant_id=request.edge.tenant_id, client_id=client_id, token=token
        )
    if application is None:
        raise _bad_token()
    return token, application


async def _check_secret(
    secret: object, application: Application, provider: Provider, *, tenant_id: str
) -> None:
    """Section 2.2: a client may repeat its secret, and MUST NOT choose one."""
    if secret is None:
        return
    known = await list_secrets(provider.db, tenant_id=tenant_id, application_id=application.id)
    value_hash = provider.sealer.lookup_hash(secret) if isinstance(secret, str) else ""
    if not any(is_equal(one.value_hash, value_hash) for one in known):
        raise InvalidRequest("client_secret is not that of the client")


def _bad_token() -> InvalidToken:
    return InvalidToken(
        "the registration access token is not good", challenge='Bearer error="invalid_token"'
    )
