"""/api/resources and their scopes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.params import QueryParameter
from msgspec import UNSET, Meta, UnsetType

from doorward.errors import NotFound, RequestError
from doorward.kit.clock import Clock, to_milliseconds
from doorward.kit.edge import Edge
from doorward.kit.ids import new_id
from doorward.management.body import Body, View, changes_of, null_if_empty
from doorward.management.errors import unique_as
from doorward.management.paging import (
    PAGE_HEADERS,
    Paging,
    paged,
    provide_optional_paging,
    provide_paging,
    window_of,
)
from doorward.management.search import is_yes, provide_search
from doorward.resources import store
from doorward.resources.detail_types import check_types_free
from doorward.resources.rules import (
    add_resource,
    check_scope_name,
    delete_resource,
    get_modifiable_resource,
    get_resource,
    set_default,
)
from doorward.resources.tables import AuthorizationDetailsType, Resource, Scope
from doorward.security.levels import Level
from doorward.storage import Database, config_changed
from doorward.storage.search import Search

DEFAULT_TOKEN_LIFETIME = 3600

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Indicator = Annotated[str, Meta(min_length=1, max_length=2048)]
TokenLifetime = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Format = Literal["jwt", "opaque"]
Age = Annotated[int, Meta(ge=1, le=2_147_483_647)]
DetailTypes = Annotated[list[AuthorizationDetailsType], Meta(max_length=50)]
Description = Annotated[str, Meta(max_length=65_536)]


class ScopeView(View):
    """A scope of a resource."""

    tenant_id: str
    id: str
    resource_id: str
    name: str
    description: str | None
    created_at: int


class ResourceView(View):
    """An API resource; `accessTokenTtl` is in seconds. Opaque access tokens are introspected;
    `authorizationDetailsTypes` is what clients may ask for by `authorization_details` (RFC 9396).
    `requiredAcr` and `maxAuthenticationAge` (in seconds) say how strongly and how lately users have
    to have signed in to get a token (RFC 9470).
    """

    tenant_id: str
    id: str
    name: str
    indicator: str
    is_default: bool
    access_token_ttl: int
    access_token_format: Format
    authorization_details_types: list[AuthorizationDetailsType]
    required_acr: Level | None
    max_authentication_age: int | None
    scopes: list[ScopeView] | UnsetType = UNSET


class CreateResource(Body):
    """A new resource; its indicator never changes."""

    name: Name
    indicator: Indicator
    access_token_ttl: TokenLifetime = DEFAULT_TOKEN_LIFETIME
    access_token_format: Format = "jwt"  # noqa: S105 (no password)
    authorization_details_types: DetailTypes = msgspec.field(default_factory=list)
    required_acr: Level | None = None
    max_authentication_age: Age | None = None


class UpdateResource(Body):
    """What may change of a resource."""

    name: Name | UnsetType = UNSET
    access_token_ttl: TokenLifetime | UnsetType = UNSET
    access_token_format: Format | UnsetType = UNSET
    authorization_details_types: DetailTypes | UnsetType = UNSET
    required_acr: Level | UnsetType | None = UNSET
    max_authentication_age: Age | UnsetType | None = UNSET


class SetDefault(Body):
    """Whether the resource is the default one."""

    is_default: bool


class CreateScope(Body):
    """A new scope."""

    name: Name
    description: Description | None = None


class UpdateScope(Body):
    """What may change of a scope."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET


def view_resource(tenant_id: str, resource: Resource) -> ResourceView:
    """Return a resource as the API shows it."""
    format_: Any = resource.access_token_format
    return ResourceView(
        tenant_id=tenant_id,
        id=resource.id,
        name=resource.name,
        indicator=resource.indicator,
        is_default=resource.is_default,
        access_token_ttl=resource.access_token_ttl,
        access_token_format=format_,
        authorization_details_types=resource.authorization_details_types,
        required_acr=resource.required_acr,
        max_authentication_age=resource.max_authentication_age,
    )


def view_scope(tenant_id: str, scope: Scope) -> ScopeView:
    """Return a scope as the API shows it."""
    return ScopeView(
        tenant_id=tenant_id,
        id=scope.id,
        resource_id=scope.resource_id,
        name=scope.name,
        description=scope.description,
        created_at=to_milliseconds(scope.created_at),
    )


@get(
    "/api/resources",
    tags=["Resources"],
    dependencies={"paging": Provide(provide_optional_paging, sync_to_thread=False)},
    response_headers=PAGE_HEADERS,
)
async def list_resources(
    request: Request[Any, Any, Any],
    db: Database,
    edge: Edge,
    paging: Paging | None,
    include_scopes: Annotated[str | None, QueryParameter(name="includeScopes")] = None,
) -> Response[list[ResourceView]]:
    """List API resources, whole unless a page is asked for."""
    listing = await store.list_resources(db, tenant_id=edge.tenant_id, window=window_of(paging))
    views = [view_resource(edge.tenant_id, resource) for resource in listing.entries]
    if is_yes(include_scopes):
        found = await store.list_scopes(db, tenant_id=edge.tenant_id, where=store.ScopeFilter())
        for view in views:
            view.scopes = [
                view_scope(edge.tenant_id, scope)
                for scope in found.entries
                if scope.resource_id == view.id
            ]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/resources", tags=["Resources"])
async def create_resource(data: CreateResource, db: Database, edge: Edge) -> ResourceView:
    """Register an API resource."""
    resource = Resource(
        id=new_id(),
        name=data.name,
        indicator=data.indicator,
        is_default=False,
        access_token_ttl=data.access_token_ttl,
        access_token_format=data.access_token_format,
        authorization_details_types=data.authorization_details_types,
        required_acr=data.required_acr,
        max_authentication_age=data.max_authentication_age,
    )
    async with db.transaction(edge.tenant_id) as tx:
        # Counted first, so that two who define the same type take turns.
        await config_changed(tx, edge.tenant_id)
        await check_types_free(tx, tenant_id=edge.tenant_id, resource=resource)
        await add_resource(tx, tenant_id=edge.tenant_id, resource=resource)
    view = view_resource(edge.tenant_id, resource)
    view.scopes = []
    return view


@get("/api/resources/{resource_id:str}", tags=["Resources"])
async def show_resource(resource_id: str, db: Database, edge: Edge) -> ResourceView:
    """Show an API resource."""
    resource = await get_resource(db, tenant_id=edge.tenant_id, resource_id=resource_id)
    return view_resource(edge.tenant_id, resource)


@patch("/api/resources/{resource_id:str}", tags=["Resources"])
async def update_resource(
    resource_id: str, data: UpdateResource, db: Database, edge: Edge
) -> ResourceView:
    """Change an API resource."""
    async with db.transaction(edge.tenant_id) as tx:
        await get_modifiable_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)
        if changes := changes_of(data):
            await config_changed(tx, edge.tenant_id)
            await store.update_resource(
                tx, tenant_id=edge.tenant_id, resource_id=resource_id, changes=changes
            )
        resource = await get_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)
        if "authorization_details_types" in changes:
            await check_types_free(tx, tenant_id=edge.tenant_id, resource=resource)
    return view_resource(edge.tenant_id, resource)


@delete("/api/resources/{resource_id:str}", tags=["Resources"])
async def remove_resource(resource_id: str, db: Database, edge: Edge) -> None:
    """Delete an API resource and its scopes."""
    async with db.transaction(edge.tenant_id) as tx:
        await delete_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)


@patch("/api/resources/{resource_id:str}/is-default", tags=["Resources"])
async def set_default_resource(
    resource_id: str, data: SetDefault, db: Database, edge: Edge
) -> ResourceView:
    """Make an API resource the default one, or no longer."""
    async with db.transaction(edge.tenant_id) as tx:
        await set_default(
            tx, tenant_id=edge.tenant_id, resource_id=resource_id, is_default=data.is_default
        )
        resource = await get_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)
    return view_resource(edge.tenant_id, resource)


@get(
    "/api/resources/{resource_id:str}/scopes",
    tags=["Resources"],
    dependencies={
        "paging": Provide(provide_paging, sync_to_thread=False),
        "search": Provide(provide_search("id", "name", "description"), sync_to_thread=False),
    },
    response_headers=PAGE_HEADERS,
)
async def list_scopes(
    request: Request[Any, Any, Any],
    resource_id: str,
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
) -> Response[list[ScopeView]]:
    """List the scopes of an API resource."""
    listing = await store.list_scopes(
        db,
        tenant_id=edge.tenant_id,
        where=store.ScopeFilter(resource_id=resource_id, search=search),
        window=paging.window,
    )
    views = [view_scope(edge.tenant_id, scope) for scope in listing.entries]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/resources/{resource_id:str}/scopes", tags=["Resources"])
async def create_scope(
    resource_id: str, data: CreateScope, db: Database, edge: Edge, clock: Clock
) -> ScopeView:
    """Add a scope to an API resource."""
    check_scope_name(data.name)
    scope = Scope(
        id=new_id(),
        resource_id=resource_id,
        name=data.name,
        description=null_if_empty(data.description),
        created_at=clock.now(),
    )
    with unique_as({"uq_scopes_name": "scope.name_exists"}, name=data.name):
        async with db.transaction(edge.tenant_id) as tx:
            await get_modifiable_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)
            await store.add_scope(tx, tenant_id=edge.tenant_id, scope=scope)
            await config_changed(tx, edge.tenant_id)
    return view_scope(edge.tenant_id, scope)


@patch("/api/resources/{resource_id:str}/scopes/{scope_id:str}", tags=["Resources"])
async def update_scope(
    resource_id: str, scope_id: str, data: UpdateScope, db: Database, edge: Edge
) -> ScopeView:
    """Change a scope."""
    changes = changes_of(data)
    if isinstance(data.name, str):
        check_scope_name(data.name)
    with unique_as({"uq_scopes_name": "scope.name_exists"}, name=data.name):
        async with db.transaction(edge.tenant_id) as tx:
            await get_modifiable_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)
            if changes:
                await store.update_scope(
                    tx,
                    tenant_id=edge.tenant_id,
                    resource_id=resource_id,
                    scope_id=scope_id,
                    changes=changes,
                )
                await config_changed(tx, edge.tenant_id)
            scope = await store.find_scope(
                tx, tenant_id=edge.tenant_id, resource_id=resource_id, scope_id=scope_id
            )
            if scope is None:
                raise NotFound("scopes", scope_id)
    return view_scope(edge.tenant_id, scope)


@delete("/api/resources/{resource_id:str}/scopes/{scope_id:str}", tags=["Resources"])
async def remove_scope(resource_id: str, scope_id: str, db: Database, edge: Edge) -> None:
    """Delete a scope and take it from every role."""
    async with db.transaction(edge.tenant_id) as tx:
        await get_modifiable_resource(tx, tenant_id=edge.tenant_id, resource_id=resource_id)
        if not await store.delete_scope(
            tx, tenant_id=edge.tenant_id, resource_id=resource_id, scope_id=scope_id
        ):
            raise RequestError("entity.not_found", status=404)
        await config_changed(tx, edge.tenant_id)


HANDLERS = (
    list_resources,
    create_resource,
    show_resource,
    update_resource,
    remove_resource,
    set_default_resource,
    list_scopes,
    create_scope,
    update_scope,
    remove_scope,
)
