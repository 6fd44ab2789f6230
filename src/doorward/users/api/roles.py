"""Roles of users, seen from both ends: /api/users/{id}/roles and /api/roles/{id}/users."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, delete, get, post, put
from litestar.di import Provide

from doorward.errors import RequestError
from doorward.kit.edge import Edge
from doorward.management.paging import PAGE_HEADERS, Paging, paged, provide_paging
from doorward.management.search import provide_search
from doorward.roles import store as roles
from doorward.roles.rules import RoleType, get_assignable_roles, get_modifiable_role, get_role
from doorward.roles.views import AddedRoles, RoleIds, RoleView, SentRoles, UserIds, view_role
from doorward.storage import Database, Transaction
from doorward.storage.search import Search
from doorward.users import store
from doorward.users.accounts import get_user
from doorward.users.api.views import UserView, view_user

_WRONG_TYPE = "user.invalid_role_type"
_PAGING = Provide(provide_paging, sync_to_thread=False)
_ROLE_SEARCH = Provide(provide_search("id", "name", "description"), sync_to_thread=False)
_USER_SEARCH = Provide(
    provide_search("id", "primaryEmail", "primaryPhone", "username", "name"),
    sync_to_thread=False,
)


@get(
    "/api/users/{user_id:str}/roles",
    tags=["Users"],
    dependencies={"paging": _PAGING, "search": _ROLE_SEARCH},
    response_headers=PAGE_HEADERS,
)
async def list_roles_of_user(
    request: Request[Any, Any, Any],
    user_id: str,
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
) -> Response[list[RoleView]]:
    """List the roles of a user."""
    await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    listing = await roles.list_roles(
        db,
        tenant_id=edge.tenant_id,
        where=roles.RoleFilter(user_id=user_id, search=search),
        window=paging.window,
    )
    views = [view_role(edge.tenant_id, role) for role in listing.entries]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/users/{user_id:str}/roles", tags=["Users"])
async def add_roles_to_user(user_id: str, data: RoleIds, db: Database, edge: Edge) -> AddedRoles:
    """Give a user roles; those the user has already are no fault."""
    async with db.transaction(edge.tenant_id) as tx:
        await _check_assignable(tx, edge.tenant_id, user_id, data.role_ids)
        has = await _role_ids(tx, edge.tenant_id, user_id)
        added = [role_id for role_id in dict.fromkeys(data.role_ids) if role_id not in has]
        for role_id in added:
            await roles.add_user_role(
                tx, tenant_id=edge.tenant_id, user_id=user_id, role_id=role_id
            )
    return AddedRoles(role_ids=data.role_ids, added_role_ids=added)


@put("/api/users/{user_id:str}/roles", tags=["Users"])
async def replace_roles_of_user(user_id: str, data: RoleIds, db: Database, edge: Edge) -> SentRoles:
    """Give a user these roles and no others."""
    async with db.transaction(edge.tenant_id) as tx:
        await _check_assignable(tx, edge.tenant_id, user_id, data.role_ids)
        has, wanted = await _role_ids(tx, edge.tenant_id, user_id), set(data.role_ids)
        for role_id in has - wanted:
            await roles.remove_user_role(
                tx, tenant_id=edge.tenant_id, user_id=user_id, role_id=role_id
            )
        for role_id in wanted - has:
            await roles.add_user_role(
                tx, tenant_id=edge.tenant_id, user_id=user_id, role_id=role_id
            )
    return SentRoles(role_ids=data.role_ids)


@delete("/api/users/{user_id:str}/roles/{role_id:str}", tags=["Users"])
async def remove_role_from_user(user_id: str, role_id: str, db: Database, edge: Edge) -> None:
    """Take a role from a user."""
    await _remove(db, edge.tenant_id, user_id=user_id, role_id=role_id)


@get(
    "/api/roles/{role_id:str}/users",
    tags=["Roles"],
    dependencies={"paging": _PAGING, "search": _USER_SEARCH},
    response_headers=PAGE_HEADERS,
)
async def list_users_of_role(
    request: Request[Any, Any, Any],
    role_id: str,
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
) -> Response[list[UserView]]:
    """List the users who have a role."""
    await get_role(db, tenant_id=edge.tenant_id, role_id=role_id)
    listing = await store.list_users(
        db,
        tenant_id=edge.tenant_id,
        where=store.UserFilter(role_id=role_id, search=search),
        window=paging.window,
    )
    identities = await store.list_identities_of_users(
        db, tenant_id=edge.tenant_id, user_ids=[user.id for user in listing.entries]
    )
    views = [
        view_user(user, [one for one in identities if one.user_id == user.id])
        for user in listing.entries
    ]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/roles/{role_id:str}/users", tags=["Roles"], media_type=MediaType.TEXT)
async def give_role_to_users(role_id: str, data: UserIds, db: Database, edge: Edge) -> str:
    """Give a role to users."""
    async with db.transaction(edge.tenant_id) as tx:
        role = await get_modifiable_role(tx, tenant_id=edge.tenant_id, role_id=role_id)
        if role.type != RoleType.USER:
            raise RequestError(_WRONG_TYPE, status=422)
        for user_id in dict.fromkeys(data.user_ids):
            await get_user(tx, tenant_id=edge.tenant_id, user_id=user_id)
            if role_id in await _role_ids(tx, edge.tenant_id, user_id):
                raise RequestError(
                    "role.user_exists", status=422, interpolation={"userId": user_id}
                )
            await roles.add_user_role(
                tx, tenant_id=edge.tenant_id, user_id=user_id, role_id=role_id
            )
    return "Created"


@delete("/api/roles/{role_id:str}/users/{user_id:str}", tags=["Roles"])
async def take_role_from_user(role_id: str, user_id: str, db: Database, edge: Edge) -> None:
    """Take a role from a user."""
    await _remove(db, edge.tenant_id, user_id=user_id, role_id=role_id)


async def _check_assignable(
    tx: Transaction, tenant_id: str, user_id: str, role_ids: list[str]
) -> None:
    await get_user(tx, tenant_id=tenant_id, user_id=user_id)
    await get_assignable_roles(
        tx, tenant_id=tenant_id, role_ids=role_ids, type_=RoleType.USER, refusal=_WRONG_TYPE
    )


async def _remove(db: Database, tenant_id: str, *, user_id: str, role_id: str) -> None:
    async with db.transaction(tenant_id) as tx:
        await get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
        if not await roles.remove_user_role(
            tx, tenant_id=tenant_id, user_id=user_id, role_id=role_id
        ):
            raise RequestError("entity.not_found", status=404)


async def _role_ids(tx: Transaction, tenant_id: str, user_id: str) -> set[str]:
    found = await roles.list_roles_of_user(tx, tenant_id=tenant_id, user_id=user_id)
    return {role.id for role in found}


ROLE_HANDLERS = (
    list_roles_of_user,
    add_roles_to_user,
    replace_roles_of_user,
    remove_role_from_user,
    list_users_of_role,
    give_role_to_users,
    take_role_from_user,
)
