"""/api/roles and the scopes they grant.

Who has a role is told by the slices above: `users/api/roles.py`, `applications/roles_api.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.params import QueryParameter

from doorward.kit.edge import Edge
from doorward.management.body import changes_of, or_default
from doorward.management.paging import PAGE_HEADERS, Paging, paged, provide_paging
from doorward.management.search import provide_search
from doorward.resources.api import ScopeView, view_resource, view_scope
from doorward.resources.store import ScopeFilter, list_resources
from doorward.resources.store import list_scopes as list_scopes_where
from doorward.roles import rules, store
from doorward.roles.rules import RoleType
from doorward.roles.tables import Role
from doorward.roles.views import (
    CreateRole,
    FeaturedApplication,
    FeaturedUser,
    ListedRoleView,
    RoleScopeView,
    RoleView,
    ScopeIds,
    Type,
    UpdateRole,
    view_role,
)
from doorward.storage import Database
from doorward.storage.search import Search

FEATURED = 3

# (tenant id, ids) -> what exists of them, by id
FindUsers = Callable[[str, list[str]], Awaitable[dict[str, FeaturedUser]]]
FindApplications = Callable[[str, list[str]], Awaitable[dict[str, FeaturedApplication]]]

_SEARCH = Provide(provide_search("id", "name", "description"), sync_to_thread=False)
_PAGING = Provide(provide_paging, sync_to_thread=False)


@get(
    "/api/roles",
    tags=["Roles"],
    dependencies={"paging": _PAGING, "search": _SEARCH},
    response_headers=PAGE_HEADERS,
)
async def list_roles(
    request: Request[Any, Any, Any],
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
    featured_users: FindUsers,
    featured_applications: FindApplications,
    type_: Annotated[Type | None, QueryParameter(name="type")] = None,
    exclude_user_id: Annotated[str | None, QueryParameter(name="excludeUserId")] = None,
    exclude_application_id: Annotated[
        str | None, QueryParameter(name="excludeApplicationId")
    ] = None,
) -> Response[list[ListedRoleView]]:
    """List roles by name, each with how many have it."""
    tenant_id = edge.tenant_id
    where = store.RoleFilter(
        type=type_,
        excluded_user_id=exclude_user_id,
        excluded_application_id=exclude_application_id,
        search=search,
    )
    listing = await store.list_roles(db, tenant_id=tenant_id, where=where, window=paging.window)
    ids = [role.id for role in listing.entries]
    users = await store.list_users_of_roles(
        db, tenant_id=tenant_id, role_ids=ids, featured=FEATURED
    )
    applications = await store.list_applications_of_roles(
        db, tenant_id=tenant_id, role_ids=ids, featured=FEATURED
    )
    known_users = await featured_users(tenant_id, _featured_ids(users))
    known_applications = await featured_applications(tenant_id, _featured_ids(applications))
    nobody = store.RoleMembers(count=0, featured_ids=())

    def view(role: Role) -> ListedRoleView:
        of_users, of_applications = users.get(role.id, nobody), applications.get(role.id, nobody)
        plain = view_role(tenant_id, role)
        return ListedRoleView(
            **{name: getattr(plain, name) for name in plain.__struct_fields__},
            users_count=of_users.count,
            featured_users=[known_users[i] for i in of_users.featured_ids if i in known_users],
            applications_count=of_applications.count,
            featured_applications=[
                known_applications[i]
                for i in of_applications.featured_ids
                if i in known_applications
            ],
        )

    views = [view(role) for role in listing.entries]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/roles", tags=["Roles"], status_code=200)
async def create_role(data: CreateRole, db: Database, edge: Edge) -> RoleView:
    """Make a role that grants scopes."""
    async with db.transaction(edge.tenant_id) as tx:
        role = await rules.create_role(
            tx,
            tenant_id=edge.tenant_id,
            name=data.name,
            description=data.description,
            type_=RoleType(data.type),
            is_default=data.is_default,
            scope_ids=or_default(data.scope_ids, []),
        )
    return view_role(edge.tenant_id, role)


@get("/api/roles/{role_id:str}", tags=["Roles"])
async def show_role(role_id: str, db: Database, edge: Edge) -> RoleView:
    """Show a role."""
    role = await rules.get_role(db, tenant_id=edge.tenant_id, role_id=role_id)
    return view_role(edge.tenant_id, role)


@patch("/api/roles/{role_id:str}", tags=["Roles"])
async def update_role(role_id: str, data: UpdateRole, db: Database, edge: Edge) -> RoleView:
    """Change a role."""
    async with db.transaction(edge.tenant_id) as tx:
        role = await rules.update_role(
            tx, tenant_id=edge.tenant_id, role_id=role_id, changes=changes_of(data)
        )
    return view_role(edge.tenant_id, role)


@delete("/api/roles/{role_id:str}", tags=["Roles"])
async def delete_role(role_id: str, db: Database, edge: Edge) -> None:
    """Delete a role and take it from everyone."""
    async with db.transaction(edge.tenant_id) as tx:
        await rules.delete_role(tx, tenant_id=edge.tenant_id, role_id=role_id)


@get(
    "/api/roles/{role_id:str}/scopes",
    tags=["Roles"],
    dependencies={"paging": _PAGING, "search": _SEARCH},
    response_headers=PAGE_HEADERS,
)
async def list_scopes(
    request: Request[Any, Any, Any],
    role_id: str,
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
) -> Response[list[RoleScopeView]]:
    """List the scopes that a role grants, each with its resource."""
    await rules.get_role(db, tenant_id=edge.tenant_id, role_id=role_id)
    listing = await list_scopes_where(
        db,
        tenant_id=edge.tenant_id,
        where=ScopeFilter(ids=store.scopes_of_role(role_id), search=search),
        window=paging.window,
    )
    resources = await list_resources(db, tenant_id=edge.tenant_id)
    by_id = {resource.id: resource for resource in resources.entries}
    views = []
    for scope in listing.entries:
        plain = view_scope(edge.tenant_id, scope)
        views.append(
            RoleScopeView(
                **{name: getattr(plain, name) for name in plain.__struct_fields__},
                resource=view_resource(edge.tenant_id, by_id[scope.resource_id]),
            )
        )
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/roles/{role_id:str}/scopes", tags=["Roles"])
async def add_scopes(role_id: str, data: ScopeIds, db: Database, edge: Edge) -> list[ScopeView]:
    """Let a role grant more scopes."""
    async with db.transaction(edge.tenant_id) as tx:
        scopes = await rules.add_scopes(
            tx, tenant_id=edge.tenant_id, role_id=role_id, scope_ids=data.scope_ids
        )
    return [view_scope(edge.tenant_id, scope) for scope in scopes]


@delete("/api/roles/{role_id:str}/scopes/{scope_id:str}", tags=["Roles"])
async def remove_scope(role_id: str, scope_id: str, db: Database, edge: Edge) -> None:
    """Let a role grant a scope no longer."""
    async with db.transaction(edge.tenant_id) as tx:
        await rules.remove_scope(tx, tenant_id=edge.tenant_id, role_id=role_id, scope_id=scope_id)


def _featured_ids(members: dict[str, store.RoleMembers]) -> list[str]:
    return sorted({member for entry in members.values() for member in entry.featured_ids})


HANDLERS = (
    list_roles,
    create_role,
    show_role,
    update_role,
    delete_role,
    list_scopes,
    add_scopes,
    remove_scope,
)
