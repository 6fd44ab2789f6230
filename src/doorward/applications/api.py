"""/api/applications, their custom data and their secrets. Roles are in `roles_api.py`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.params import QueryParameter
from msgspec import UNSET

from doorward.applications import rules, store
from doorward.applications.consent_scopes_api import CONSENT_SCOPE_HANDLERS
from doorward.applications.roles_api import ROLE_HANDLERS, has_admin_role, set_admin_role
from doorward.applications.sector_document import SectorError, check_sector_document
from doorward.applications.views import (
    ApplicationView,
    CreateApplication,
    CreateSecret,
    OidcClientMetadata,
    RenameSecret,
    SecretView,
    Type,
    UpdateApplication,
    view_application,
    view_secret,
)
from doorward.errors import NotFound, RequestError
from doorward.kit.clock import Clock, from_milliseconds
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpClient
from doorward.management.body import (
    JsonObject,
    changes_of,
    custom_issue,
    invalid_input,
    null_if_empty,
)
from doorward.management.errors import refusals, unique_as
from doorward.management.paging import (
    PAGE_HEADERS,
    Paging,
    paged,
    provide_optional_paging,
    window_of,
)
from doorward.management.search import provide_search
from doorward.storage import Database
from doorward.storage.search import Search

_NAME_TAKEN = {"pk_application_secrets": "application.secret_name_exists"}


@get(
    "/api/applications",
    tags=["Applications"],
    dependencies={
        "paging": Provide(provide_optional_paging, sync_to_thread=False),
        "search": Provide(provide_search("id", "name", "description"), sync_to_thread=False),
    },
    response_headers=PAGE_HEADERS,
)
async def list_applications(
    request: Request[Any, Any, Any],
    db: Database,
    edge: Edge,
    paging: Paging | None,
    search: Search,
    types: list[Type] | None = None,
    exclude_role_id: Annotated[str | None, QueryParameter(name="excludeRoleId")] = None,
    exclude_organization_id: Annotated[
        str | None, QueryParameter(name="excludeOrganizationId")
    ] = None,
    is_third_party: Annotated[
        str | None,
        QueryParameter(name="isThirdParty", pattern="^(true|false)$"),
    ] = None,
) -> Response[list[ApplicationView]]:
    """List applications, newest first; whole unless a page is asked for."""
    if exclude_role_id is not None and exclude_organization_id is not None:
        raise RequestError(
            "request.invalid_input",
            interpolation={"details": "excludeRoleId and excludeOrganizationId exclude each other"},
        )
    where = store.ApplicationFilter(
        types=tuple(types or ()),
        is_third_party=None if is_third_party is None else is_third_party == "true",
        search=search,
        excluded_role_id=exclude_role_id,
    )
    listing = await store.list_applications(
        db, tenant_id=edge.tenant_id, where=where, window=window_of(paging)
    )
    views = [view_application(edge.tenant_id, application) for application in listing.entries]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post(
    "/api/applications",
    tags=["Applications"],
    status_code=200,
    responses=refusals({501: "This server makes no applications of the type `Protected`."}),
)
async def create_application(
    data: CreateApplication,
    db: Database,
    edge: Edge,
    sealer: Sealer,
    clock: Clock,
    http: HttpClient,
) -> ApplicationView:
    """Register an application; it gets a first secret when its type has secrets."""
    metadata = data.oidc_client_metadata
    if metadata is UNSET:
        metadata = OidcClientMetadata(redirect_uris=[], post_logout_redirect_uris=[])
    await _check_sector(metadata, http)
    custom = data.custom_client_metadata
    async with db.transaction(edge.tenant_id) as tx:
        application = await rules.create_application(
            tx,
            tenant_id=edge.tenant_id,
            name=data.name,
            type_=data.type,
            description=null_if_empty(data.description),
            oidc_client_metadata=msgspec.to_builtins(metadata),
            custom_client_metadata={} if custom is UNSET else msgspec.to_builtins(custom),
            custom_data={} if data.custom_data is UNSET else data.custom_data,
            is_third_party=data.is_third_party,
            sealer=sealer,
            now=clock.now(),
        )
    return view_application(edge.tenant_id, application)


@get("/api/applications/{application_id:str}", tags=["Applications"])
async def show_application(application_id: str, db: Database, edge: Edge) -> ApplicationView:
    """Show an application, and whether it has full access to the management API."""
    application = await rules.get_application(
        db, tenant_id=edge.tenant_id, application_id=application_id
    )
    view = view_application(edge.tenant_id, application)
    view.is_admin = await has_admin_role(
        db, tenant_id=edge.tenant_id, application_id=application_id
    )
    return view


@patch("/api/applications/{application_id:str}", tags=["Applications"])
async def update_application(
    application_id: str, data: UpdateApplication, db: Database, edge: Edge, http: HttpClient
) -> ApplicationView:
    """Change an application."""
    # Refused, not dropped: who switches a protection on must not believe that it works.
    if data.app_level_access_control_enabled is True:
        raise RequestError("request.feature_not_supported", status=422)
    if data.oidc_client_metadata is not UNSET:
        await _check_sector(data.oidc_client_metadata, http)
    sent = changes_of(data)
    changes = {
        name: msgspec.to_builtins(value)
        for name, value in sent.items()
        if name not in {"app_level_access_control_enabled", "is_admin"}
    }
    async with db.transaction(edge.tenant_id) as tx:
        application = await rules.update_application(
            tx, tenant_id=edge.tenant_id, application_id=application_id, changes=changes
        )
        if data.is_admin is not UNSET:
            await set_admin_role(
                tx, tenant_id=edge.tenant_id, application=application, is_admin=data.is_admin
            )
    return view_application(edge.tenant_id, application)


@delete("/api/applications/{application_id:str}", tags=["Applications"])
async def delete_application(application_id: str, db: Database, edge: Edge) -> None:
    """Delete an application; what users granted to it ends."""
    async with db.transaction(edge.tenant_id) as tx:
        await rules.delete_application(tx, tenant_id=edge.tenant_id, application_id=application_id)


@patch("/api/applications/{application_id:str}/custom-data", tags=["Applications"])
async def update_custom_data(
    application_id: str, data: JsonObject, db: Database, edge: Edge
) -> JsonObject:
    """Merge members into the custom data of an application."""
    async with db.transaction(edge.tenant_id) as tx:
        return await rules.merge_custom_data(
            tx, tenant_id=edge.tenant_id, application_id=application_id, members=data
        )


@delete(
    "/api/applications/{application_id:str}/legacy-secret",
    tags=["Applications"],
    status_code=200,
)
async def delete_legacy_secret(application_id: str, db: Database, edge: Edge) -> ApplicationView:
    """Refuse: applications of this server have named secrets only."""
    await rules.get_application(db, tenant_id=edge.tenant_id, application_id=application_id)
    raise RequestError("application.no_legacy_secret_found")


@get("/api/applications/{application_id:str}/secrets", tags=["Applications"])
async def list_secrets(
    application_id: str, db: Database, edge: Edge, sealer: Sealer
) -> list[SecretView]:
    """List the secrets of an application, with their values."""
    await rules.get_application(db, tenant_id=edge.tenant_id, application_id=application_id)
    secrets = await store.list_secrets(db, tenant_id=edge.tenant_id, application_id=application_id)
    return [view_secret(edge.tenant_id, secret, sealer=sealer) for secret in secrets]


@post("/api/applications/{application_id:str}/secrets", tags=["Applications"])
async def create_secret(
    application_id: str,
    data: CreateSecret,
    db: Database,
    edge: Edge,
    sealer: Sealer,
    clock: Clock,
) -> SecretView:
    """Make a secret with a name and, if wanted, an end."""
    expires_at = None if data.expires_at is None else from_milliseconds(data.expires_at)
    with unique_as(_NAME_TAKEN):
        async with db.transaction(edge.tenant_id) as tx:
            await rules.create_secret(
                tx,
                tenant_id=edge.tenant_id,
                application_id=application_id,
                name=data.name,
                expires_at=expires_at,
                sealer=sealer,
                now=clock.now(),
            )
    return await _show_secret(db, edge, application_id, data.name, sealer)


@patch("/api/applications/{application_id:str}/secrets/{name:path}", tags=["Applications"])
async def rename_secret(
    application_id: str, name: str, data: RenameSecret, db: Database, edge: Edge, sealer: Sealer
) -> SecretView:
    """Give a secret another name."""
    with unique_as(_NAME_TAKEN):
        async with db.transaction(edge.tenant_id) as tx:
            await rules.rename_secret(
                tx,
                tenant_id=edge.tenant_id,
                application_id=application_id,
                name=_secret_name(name),
                new_name=data.name,
            )
    return await _show_secret(db, edge, application_id, data.name, sealer)


@delete("/api/applications/{application_id:str}/secrets/{name:path}", tags=["Applications"])
async def delete_secret(application_id: str, name: str, db: Database, edge: Edge) -> None:
    """Delete a secret; it stops working at once."""
    async with db.transaction(edge.tenant_id) as tx:
        await rules.delete_secret(
            tx,
            tenant_id=edge.tenant_id,
            application_id=application_id,
            name=_secret_name(name),
        )


async def _show_secret(
    db: Database, edge: Edge, application_id: str, name: str, sealer: Sealer
) -> SecretView:
    secret = await store.find_secret(
        db, tenant_id=edge.tenant_id, application_id=application_id, name=name
    )
    if secret is None:
        raise NotFound("application secrets", name)
    return view_secret(edge.tenant_id, secret, sealer=sealer)


async def _check_sector(metadata: OidcClientMetadata, http: HttpClient) -> None:
    """Fetch the document of the sector, before the database is asked for anything: others do not
    wait for somebody's web server."""
    uri = metadata.sector_identifier_uri
    if uri is UNSET:
        return
    try:
        await check_sector_document(
            http, sector_identifier_uri=uri, redirect_uris=metadata.redirect_uris
        )
    except SectorError as error:
        issue = custom_issue("oidcClientMetadata.sectorIdentifierUri", str(error))
        raise invalid_input("body", issues=[issue]) from error


def _secret_name(path: str) -> str:
    # A name may hold slashes, so it takes the rest of the path, which begins with one.
    return path.removeprefix("/")


HANDLERS = (
    list_applications,
    create_application,
    show_application,
    update_application,
    delete_application,
    update_custom_data,
    delete_legacy_secret,
    list_secrets,
    create_secret,
    rename_secret,
    delete_secret,
    *ROLE_HANDLERS,
    *CONSENT_SCOPE_HANDLERS,
)
