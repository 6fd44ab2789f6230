"""Roles of machine-to-machine applications, seen from both ends:
/api/applications/{id}/roles and /api/roles/{id}/applications."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, delete, get, post, put
from litestar.di import Provide

from doorward.applications import store
from doorward.applications.rules import get_application
from doorward.applications.tables import Application
from doorward.applications.types import ApplicationType
from doorward.applications.views import ApplicationView, view_application
from doorward.errors import NotFound, RequestError
from doorward.kit.edge import Edge
from doorward.management.paging import PAGE_HEADERS, Paging, paged, provide_paging
from doorward.management.search import provide_search
from doorward.roles import store as roles
from doorward.roles.rules import RoleType, get_assignable_roles, get_modifiable_role, get_role
from doorward.roles.views import AddedRoles, ApplicationIds, RoleIds, RoleView, view_role
from doorward.storage import Database, Executor, Transaction, config_changed
from doorward.storage.search import Search

ADMIN_ROLE_NAME = f"{roles.INTERNAL_PREFIX}admin"
"""The internal role of machines with full access to the management API."""

_WRONG_TYPE = "application.invalid_role_type"
_SEARCH = Provide(provide_search("id", "name", "description"), sync_to_thread=False)
_PAGING = Provide(provide_paging, sync_to_thread=False)


async def has_admin_role(db: Executor, *, tenant_id: str, application_id: str) -> bool:
    """Tell whether an application has the internal admin role."""
    found = await roles.list_roles_of_application(
        db, tenant_id=tenant_id, application_id=application_id
    )
    return any(role.name == ADMIN_ROLE_NAME for role in found)


async def set_admin_role(
    tx: Transaction, *, tenant_id: str, application: Application, is_admin: bool
) -> None:
    """Give an application the internal admin role, or take it.

    Raises:
        RequestError: 422 application.invalid_type, it is no machine.
        NotFound: the tenant has no such role.
    """
    check_machine(application)
    role = await roles.find_role_by_name(tx, tenant_id=tenant_id, name=ADMIN_ROLE_NAME)
    if role is None:
        raise NotFound("roles", ADMIN_ROLE_NAME)
    has_it = await has_admin_role(tx, tenant_id=tenant_id, application_id=application.id)
    if has_it == is_admin:
        return
    change = roles.add_application_role if is_admin else roles.remove_application_role
    await change(tx, tenant_id=tenant_id, application_id=application.id, role_id=role.id)
    await config_changed(tx, tenant_id)


def check_machine(application: Application) -> None:
    """Check that an application can have roles.

    Raises:
        RequestError: 422 application.invalid_type.
    """
    if application.type != ApplicationType.MACHINE_TO_MACHINE:
        raise RequestError("application.invalid_type", status=422)


@get(
    "/api/applications/{application_id:str}/roles",
    tags=["Applications"],
    dependencies={"paging": _PAGING, "search": _SEARCH},
    response_headers=PAGE_HEADERS,
)
async def list_roles_of_application(
    request: Request[Any, Any, Any],
    application_id: str,
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
) -> Response[list[RoleView]]:
    """List the roles of an application."""
    await get_application(db, tenant_id=edge.tenant_id, application_id=application_id)
    listing = await roles.list_roles(
        db,
        tenant_id=edge.tenant_id,
        where=roles.RoleFilter(application_id=application_id, search=search),
        window=paging.window,
    )
    views = [view_role(edge.tenant_id, role) for role in listing.entries]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/applications/{application_id:str}/roles", tags=["Applications"])
async def add_roles_to_application(
    application_id: str, data: RoleIds, db: Database, edge: Edge
) -> AddedRoles:
    """Give an application roles; those it has already are no fault."""
    tenant_id = edge.tenant_id
    async with db.transaction(tenant_id) as tx:
        application = await get_application(tx, tenant_id=tenant_id, application_id=application_id)
        check_machine(application)
        await get_assignable_roles(
            tx,
            tenant_id=tenant_id,
            role_ids=data.role_ids,
            type_=RoleType.MACHINE_TO_MACHINE,
            refusal=_WRONG_TYPE,
        )
        has = await _role_ids(tx, tenant_id, application_id)
        added = [role_id for role_id in dict.fromkeys(data.role_ids) if role_id not in has]
        for role_id in added:
            await roles.add_application_role(
                tx, tenant_id=tenant_id, application_id=application_id, role_id=role_id
            )
        await config_changed(tx, tenant_id)
    return AddedRoles(role_ids=data.role_ids, added_role_ids=added)


@put(
    "/api/applications/{application_id:str}/roles",
    tags=["Applications"],
    media_type=MediaType.TEXT,
)
async def replace_roles_of_application(
    application_id: str, data: RoleIds, db: Database, edge: Edge
) -> str:
    """Give an application these roles and no others; the internal ones stay."""
    tenant_id = edge.tenant_id
    async with db.transaction(tenant_id) as tx:
        application = await get_application(tx, tenant_id=tenant_id, application_id=application_id)
        check_machine(application)
        await get_assignable_roles(
            tx,
            tenant_id=tenant_id,
            role_ids=data.role_ids,
            type_=RoleType.MACHINE_TO_MACHINE,
            refusal=_WRONG_TYPE,
        )
        has, wanted = await _role_ids(tx, tenant_id, application_id), set(data.role_ids)
        for role_id in has - wanted:
            await roles.remove_application_role(
                tx, tenant_id=tenant_id, application_id=application_id, role_id=role_id
            )
        for role_id in wanted - has:
            await roles.add_application_role(
                tx, tenant_id=tenant_id, application_id=application_id, role_id=role_id
            )
        await config_changed(tx, tenant_id)
    return "OK"


@delete("/api/applications/{application_id:str}/roles/{role_id:str}", tags=["Applications"])
async def remove_role_from_application(
    application_id: str, role_id: str, db: Database, edge: Edge
) -> None:
    """Take a role from an application."""
    await _remove(db, edge.tenant_id, application_id=application_id, role_id=role_id)


@get(
    "/api/roles/{role_id:str}/applications",
    tags=["Roles"],
    dependencies={"paging": _PAGING, "search": _SEARCH},
    response_headers=PAGE_HEADERS,
)
async def list_applications_of_role(
    request: Request[Any, Any, Any],
    role_id: str,
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
) -> Response[list[ApplicationView]]:
    """List the applications that have a role."""
    await get_role(db, tenant_id=edge.tenant_id, role_id=role_id)
    listing = await store.list_applications(
        db,
        tenant_id=edge.tenant_id,
        where=store.ApplicationFilter(role_id=role_id, search=search),
        window=paging.window,
    )
    views = [view_application(edge.tenant_id, application) for application in listing.entries]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/roles/{role_id:str}/applications", tags=["Roles"], media_type=MediaType.TEXT)
async def give_role_to_applications(
    role_id: str, data: ApplicationIds, db: Database, edge: Edge
) -> str:
    """Give a role to applications."""
    tenant_id = edge.tenant_id
    async with db.transaction(tenant_id) as tx:
        role = await get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
        if role.type != RoleType.MACHINE_TO_MACHINE:
            raise RequestError(_WRONG_TYPE, status=422)
        for application_id in dict.fromkeys(data.application_ids):
            application = await get_application(
                tx, tenant_id=tenant_id, application_id=application_id
            )
            check_machine(application)
            if role_id in await _role_ids(tx, tenant_id, application_id):
                raise RequestError(
                    "role.application_exists",
                    status=422,
                    interpolation={"applicationId": application_id},
                )
            await roles.add_application_role(
                tx, tenant_id=tenant_id, application_id=application_id, role_id=role_id
            )
        await config_changed(tx, tenant_id)
    return "Created"


@delete("/api/roles/{role_id:str}/applications/{application_id:str}", tags=["Roles"])
async def take_role_from_application(
    role_id: str, application_id: str, db: Database, edge: Edge
) -> None:
    """Take a role from an application."""
    await _remove(db, edge.tenant_id, application_id=application_id, role_id=role_id)


async def _remove(db: Database, tenant_id: str, *, application_id: str, role_id: str) -> None:
    async with db.transaction(tenant_id) as tx:
        await get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
        if not await roles.remove_application_role(
            tx, tenant_id=tenant_id, application_id=application_id, role_id=role_id
        ):
            raise RequestError("entity.not_found", status=404)
        await config_changed(tx, tenant_id)


async def _role_ids(tx: Transaction, tenant_id: str, application_id: str) -> set[str]:
    """Return the ids of an application's roles, without internal ones."""
    found = await roles.list_roles_of_application(
        tx, tenant_id=tenant_id, application_id=application_id
    )
    return {role.id for role in found if not role.name.startswith(roles.INTERNAL_PREFIX)}


ROLE_HANDLERS = (
    list_roles_of_application,
    add_roles_to_application,
    replace_roles_of_application,
    remove_role_from_application,
    list_applications_of_role,
    give_role_to_applications,
    take_role_from_application,
)
