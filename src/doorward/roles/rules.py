"""What may be done to roles. Internal ones belong to the product and are untouchable."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from doorward.errors import NotFound, RequestError
from doorward.kit.ids import new_id
from doorward.resources.rules import has_management_scopes
from doorward.resources.store import list_scopes_by_id
from doorward.resources.tables import Scope
from doorward.roles import store
from doorward.roles.tables import Role
from doorward.storage import Executor, Transaction, config_changed


class RoleType(StrEnum):
    """Whom a role is for."""

    USER = "User"
    MACHINE_TO_MACHINE = "MachineToMachine"


def is_internal(name: str) -> bool:
    """Tell whether a role of this name belongs to the product itself."""
    return name.startswith(store.INTERNAL_PREFIX)


async def get_role(db: Executor, *, tenant_id: str, role_id: str) -> Role:
    """Return a role.

    Raises:
        NotFound: there is none with this id.
    """
    role = await store.find_role(db, tenant_id=tenant_id, role_id=role_id)
    if role is None:
        raise NotFound("roles", role_id)
    return role


async def get_modifiable_role(tx: Transaction, *, tenant_id: str, role_id: str) -> Role:
    """Return a role that may be changed and given.

    Raises:
        NotFound: there is none with this id.
        RequestError: 403 role.internal_role_violation.
    """
    role = await get_role(tx, tenant_id=tenant_id, role_id=role_id)
    check_not_internal(role.name)
    return role


def check_not_internal(name: str) -> None:
    """Check that a role of this name may be made, changed or given.

    Raises:
        RequestError: 403 role.internal_role_violation.
    """
    if is_internal(name):
        raise RequestError("role.internal_role_violation", status=403)


async def get_assignable_roles(
    tx: Transaction, *, tenant_id: str, role_ids: list[str], type_: RoleType, refusal: str
) -> list[Role]:
    """Return the roles of these ids, all of one type.

    Raises:
        NotFound: one does not exist.
        RequestError: 403 role.internal_role_violation; 422 `refusal`, one is of another type.
    """
    found = await store.list_roles_by_id(tx, tenant_id=tenant_id, ids=role_ids)
    known = {role.id for role in found}
    for role_id in role_ids:
        if role_id not in known:
            raise NotFound("roles", role_id)
    for role in found:
        check_not_internal(role.name)
        if role.type != type_:
            raise RequestError(refusal, status=422)
    return found


async def create_role(
    tx: Transaction,
    *,
    tenant_id: str,
    name: str,
    description: str,
    type_: RoleType,
    is_default: bool,
    scope_ids: list[str],
) -> Role:
    """Store a new role that grants scopes.

    Raises:
        NotFound: a scope does not exist.
        RequestError: 403 role.internal_role_violation; 422 role.name_in_use; 400
            role.management_api_scopes_not_assignable_to_user_role.
    """
    check_not_internal(name)
    await _check_name_is_free(tx, tenant_id=tenant_id, name=name)
    role = Role(id=new_id(), name=name, description=description, type=type_, is_default=is_default)
    await store.add_role(tx, tenant_id=tenant_id, role=role)
    for scope in await _grantable_scopes(tx, tenant_id=tenant_id, role=role, scope_ids=scope_ids):
        await store.add_role_scope(tx, tenant_id=tenant_id, role_id=role.id, scope_id=scope.id)
    await config_changed(tx, tenant_id)
    return role


async def update_role(
    tx: Transaction, *, tenant_id: str, role_id: str, changes: dict[str, Any]
) -> Role:
    """Set columns of a role and return it.

    Raises:
        NotFound: there is none with this id.
        RequestError: 403 role.internal_role_violation; 422 role.name_in_use.
    """
    role = await get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
    name = changes.get("name", role.name)
    check_not_internal(name)
    if name != role.name:
        await _check_name_is_free(tx, tenant_id=tenant_id, name=name)
    if not changes:
        return role
    await store.update_role(tx, tenant_id=tenant_id, role_id=role_id, changes=changes)
    await config_changed(tx, tenant_id)
    return await get_role(tx, tenant_id=tenant_id, role_id=role_id)


async def delete_role(tx: Transaction, *, tenant_id: str, role_id: str) -> None:
    """Delete a role and take it from everyone.

    Raises:
        RequestError: 404 entity.not_found; 403 role.internal_role_violation.
    """
    role = await store.find_role(tx, tenant_id=tenant_id, role_id=role_id)
    if role is None:
        raise RequestError("entity.not_found", status=404)
    check_not_internal(role.name)
    await store.delete_role(tx, tenant_id=tenant_id, role_id=role_id)
    await config_changed(tx, tenant_id)


async def add_scopes(
    tx: Transaction, *, tenant_id: str, role_id: str, scope_ids: list[str]
) -> list[Scope]:
    """Let a role grant more scopes and return those.

    Raises:
        NotFound: the role or a scope does not exist.
        RequestError: 403 role.internal_role_violation; 422 role.scope_exists; 400
            role.management_api_scopes_not_assignable_to_user_role.
    """
    role = await get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
    granted = await store.list_scope_ids_of_role(tx, tenant_id=tenant_id, role_id=role_id)
    for scope_id in scope_ids:
        if scope_id in granted:
            raise RequestError("role.scope_exists", status=422, interpolation={"scopeId": scope_id})
    scopes = await _grantable_scopes(tx, tenant_id=tenant_id, role=role, scope_ids=scope_ids)
    for scope in scopes:
        await store.add_role_scope(tx, tenant_id=tenant_id, role_id=role_id, scope_id=scope.id)
    await config_changed(tx, tenant_id)
    return scopes


async def remove_scope(tx: Transaction, *, tenant_id: str, role_id: str, scope_id: str) -> None:
    """Let a role grant a scope no longer.

    Raises:
        NotFound: there is no such role.
        RequestError: 403 role.internal_role_violation; 404 entity.not_found.
    """
    await get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
    if not await store.remove_role_scope(
        tx, tenant_id=tenant_id, role_id=role_id, scope_id=scope_id
    ):
        raise RequestError("entity.not_found", status=404)
    await config_changed(tx, tenant_id)


async def _check_name_is_free(tx: Transaction, *, tenant_id: str, name: str) -> None:
    if await store.find_role_by_name(tx, tenant_id=tenant_id, name=name) is not None:
        raise RequestError("role.name_in_use", status=422, interpolation={"name": name})


async def _grantable_scopes(
    tx: Transaction, *, tenant_id: str, role: Role, scope_ids: list[str]
) -> list[Scope]:
    scopes = await list_scopes_by_id(tx, tenant_id=tenant_id, ids=scope_ids)
    known = {scope.id for scope in scopes}
    for scope_id in scope_ids:
        if scope_id not in known:
            raise NotFound("scopes", scope_id)
    # A user's token for the management API would make every application it signs in to an
    # administrator; only the admin tenant's own role has these scopes.
    if role.type == RoleType.USER and await has_management_scopes(
        tx, tenant_id=tenant_id, scopes=scopes
    ):
        raise RequestError("role.management_api_scopes_not_assignable_to_user_role")
    return scopes
