"""Roles: what they permit, and which users or applications have them."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from doorward.applications.rules import get_application
from doorward.applications.types import ApplicationType
from doorward.console.console import AnyRequest, Console
from doorward.console.fields import Errors, check_text, refusal_text
from doorward.console.lists import list_query
from doorward.console.role_members import (
    Members,
    application_members,
    member_counts,
    user_members,
)
from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.resources.rules import is_management_resource
from doorward.resources.store import ScopeFilter, list_resources, list_scopes
from doorward.roles import rules, store
from doorward.roles.rules import RoleType
from doorward.roles.store import RoleFilter
from doorward.roles.tables import Role
from doorward.storage import Database, Transaction, config_changed
from doorward.users.accounts import get_user

PAGE = "/console/roles"
MAX_TEXT = 128


@get(PAGE, include_in_schema=False)
async def show_roles(request: AnyRequest, console: Console, db: Database) -> Response[str]:
    """List the roles."""
    return await _list_page(request, console, db, values={}, errors={})


@post(PAGE, include_in_schema=False)
async def create_role(
    request: AnyRequest, console: Console, db: Database, clock: Clock
) -> Response[str]:
    """Make a role."""
    values = {name: console.form.text(name) for name in ("name", "description", "type")}
    if values["type"] not in set(RoleType):
        values["type"] = RoleType.USER
    errors = check_text(console, values, name=MAX_TEXT, description=MAX_TEXT)
    if not errors:
        try:
            async with db.transaction(console.tenant_id) as tx:
                role = await rules.create_role(
                    tx,
                    tenant_id=console.tenant_id,
                    name=values["name"],
                    description=values["description"],
                    type_=RoleType(values["type"]),
                    is_default=False,
                    scope_ids=[],
                )
                await console.audit(tx, "Role.Created", at=clock.now(), id=role.id)
        except RequestError as error:
            errors["name"] = refusal_text(error)
    if errors:
        return await _list_page(request, console, db, values=values, errors=errors, status=422)
    return console.redirect(f"{PAGE}/{role.id}", toast="toast.created", name=values["name"])


@get(f"{PAGE}/{{role_id:str}}", include_in_schema=False)
async def show_role(console: Console, role_id: str, db: Database) -> Response[str]:
    """Show one role."""
    role = await rules.get_role(db, tenant_id=console.tenant_id, role_id=role_id)
    return await _details_page(console, db, role)


@post(f"{PAGE}/{{role_id:str}}", include_in_schema=False)
async def save_role(console: Console, role_id: str, db: Database, clock: Clock) -> Response[str]:
    """Change a role."""
    tenant_id, form = console.tenant_id, console.form
    role = await rules.get_role(db, tenant_id=tenant_id, role_id=role_id)
    values: dict[str, Any] = {name: form.text(name) for name in ("name", "description")}
    values["is_default"] = role.type == RoleType.USER and form.is_on("is_default")
    errors = check_text(console, values, name=MAX_TEXT, description=MAX_TEXT)
    if not errors:
        try:
            async with db.transaction(tenant_id) as tx:
                await rules.update_role(tx, tenant_id=tenant_id, role_id=role_id, changes=values)
                await console.audit(tx, "Role.Data.Updated", at=clock.now(), id=role_id)
        except RequestError as error:
            errors["name"] = refusal_text(error)
    if errors:
        return await _details_page(console, db, role, values=values, errors=errors, status=422)
    return console.redirect(f"{PAGE}/{role_id}", toast="toast.saved")


@post(f"{PAGE}/{{role_id:str}}/scopes", include_in_schema=False)
async def save_scopes(console: Console, role_id: str, db: Database, clock: Clock) -> Response[str]:
    """Replace the permissions of a role."""
    tenant_id, wanted = console.tenant_id, set(console.form.texts("scope_ids"))
    async with db.transaction(tenant_id) as tx:
        granted = await store.list_scope_ids_of_role(tx, tenant_id=tenant_id, role_id=role_id)
        await rules.add_scopes(
            tx, tenant_id=tenant_id, role_id=role_id, scope_ids=sorted(wanted - granted)
        )
        for scope_id in granted - wanted:
            await rules.remove_scope(tx, tenant_id=tenant_id, role_id=role_id, scope_id=scope_id)
        await console.audit(tx, "Role.Scopes.Updated", at=clock.now(), id=role_id)
    return console.redirect(f"{PAGE}/{role_id}", toast="toast.saved")


@post(f"{PAGE}/{{role_id:str}}/assign", include_in_schema=False)
async def assign_role(console: Console, role_id: str, db: Database, clock: Clock) -> Response[str]:
    """Give a role to a user, or to a machine-to-machine application."""
    tenant_id, assignee_id = console.tenant_id, console.form.text("assignee_id")
    async with db.transaction(tenant_id) as tx:
        role = await rules.get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
        await _assign(tx, console, role, assignee_id)
        await config_changed(tx, tenant_id)
        await console.audit(tx, "Role.Assigned", at=clock.now(), id=role_id, assignee=assignee_id)
    return console.redirect(f"{PAGE}/{role_id}", toast="toast.saved")


@post(f"{PAGE}/{{role_id:str}}/unassign", include_in_schema=False)
async def unassign_role(
    console: Console, role_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Take a role from a user or an application."""
    tenant_id, assignee_id = console.tenant_id, console.form.text("assignee_id")
    async with db.transaction(tenant_id) as tx:
        role = await rules.get_modifiable_role(tx, tenant_id=tenant_id, role_id=role_id)
        if role.type == RoleType.USER:
            await store.remove_user_role(
                tx, tenant_id=tenant_id, user_id=assignee_id, role_id=role_id
            )
        else:
            await store.remove_application_role(
                tx, tenant_id=tenant_id, application_id=assignee_id, role_id=role_id
            )
        await config_changed(tx, tenant_id)
        await console.audit(tx, "Role.Unassigned", at=clock.now(), id=role_id, assignee=assignee_id)
    return console.redirect(f"{PAGE}/{role_id}", toast="toast.removed")


@post(f"{PAGE}/{{role_id:str}}/delete", include_in_schema=False)
async def delete_role(console: Console, role_id: str, db: Database, clock: Clock) -> Response[str]:
    """Delete a role and take it from everyone."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
        role = await rules.get_role(tx, tenant_id=tenant_id, role_id=role_id)
        await rules.delete_role(tx, tenant_id=tenant_id, role_id=role_id)
        await console.audit(tx, "Role.Deleted", at=clock.now(), id=role_id)
    return console.redirect(PAGE, toast="toast.deleted", name=role.name)


async def _assign(tx: Transaction, console: Console, role: Role, assignee_id: str) -> None:
    tenant_id = console.tenant_id
    if role.type == RoleType.USER:
        await get_user(tx, tenant_id=tenant_id, user_id=assignee_id)
        has = await store.list_roles_of_user(tx, tenant_id=tenant_id, user_id=assignee_id)
        if role.id not in {known.id for known in has}:
            await store.add_user_role(tx, tenant_id=tenant_id, user_id=assignee_id, role_id=role.id)
        return
    application = await get_application(tx, tenant_id=tenant_id, application_id=assignee_id)
    if application.type != ApplicationType.MACHINE_TO_MACHINE:
        raise RequestError("application.invalid_role_type", status=422)
    has = await store.list_roles_of_application(tx, tenant_id=tenant_id, application_id=assignee_id)
    if role.id not in {known.id for known in has}:
        await store.add_application_role(
            tx, tenant_id=tenant_id, application_id=assignee_id, role_id=role.id
        )


async def _list_page(
    request: AnyRequest,
    console: Console,
    db: Database,
    *,
    values: dict[str, str],
    errors: Errors,
    status: int = 200,
) -> Response[str]:
    tenant_id, query = console.tenant_id, list_query(request)
    listing = await store.list_roles(
        db,
        tenant_id=tenant_id,
        where=RoleFilter(search=query.search_in("name", "description")),
        window=query.window,
    )
    counts = await member_counts(
        db, tenant_id=tenant_id, role_ids=[role.id for role in listing.entries]
    )
    return console.page(
        "roles.html",
        status=status,
        roles=[
            {
                **_head(console, role),
                "is_default": role.is_default,
                "scope_count": len(
                    await store.list_scope_ids_of_role(db, tenant_id=tenant_id, role_id=role.id)
                ),
                "assigned_count": counts.get(role.id, 0),
            }
            for role in listing.entries
        ],
        search=query.search,
        paging=query.paging(listing),
        types=[
            {
                "value": str(type_),
                "title": console.text(f"roles.type.{type_}"),
                "text": console.text(f"roles.type.{type_}_help"),
            }
            for type_ in RoleType
        ],
        values=values,
        errors=errors,
    )


def _head(console: Console, role: Role) -> dict[str, Any]:
    return {
        "id": role.id,
        "name": role.name,
        "description": role.description,
        "type": role.type,
        "type_name": console.text(f"roles.type.{role.type}"),
    }


async def _details_page(
    console: Console,
    db: Database,
    role: Role,
    *,
    values: dict[str, Any] | None = None,
    errors: Errors | None = None,
    status: int = 200,
) -> Response[str]:
    rules.check_not_internal(role.name)
    stored = {
        "name": role.name,
        "description": role.description,
        "is_default": role.is_default,
    }
    find_members = user_members if role.type == RoleType.USER else application_members
    members: Members = await find_members(console, db, role_id=role.id)
    return console.page(
        "role_details.html",
        status=status,
        role=_head(console, role),
        values=stored if values is None else values,
        errors=errors or {},
        groups=await _permission_groups(console, db, role),
        assigned=members.assigned,
        candidates=members.candidates,
    )


async def _permission_groups(console: Console, db: Database, role: Role) -> list[dict[str, Any]]:
    """Return what the role may permit; the management API is for machines alone."""
    tenant_id = console.tenant_id
    granted = await store.list_scope_ids_of_role(db, tenant_id=tenant_id, role_id=role.id)
    resources = await list_resources(db, tenant_id=tenant_id)
    scopes = await list_scopes(db, tenant_id=tenant_id, where=ScopeFilter())
    return [
        {
            "name": resource.name,
            "indicator": resource.indicator,
            "scopes": [
                {
                    "id": scope.id,
                    "name": scope.name,
                    "description": scope.description,
                    "is_given": scope.id in granted,
                }
                for scope in scopes.entries
                if scope.resource_id == resource.id
            ],
        }
        for resource in resources.entries
        if role.type != RoleType.USER or not is_management_resource(resource)
    ]
