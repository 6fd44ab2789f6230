"""Rows of roles and of their relations to scopes, users and applications.

Each relation is a set: adding what is there raises UniqueViolation, adding to something that does
not exist raises ForeignKeyViolation.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, Select, Table, bindparam, delete, func, select, update

from doorward.resources.store import scope_names_statement
from doorward.roles.tables import Role, application_roles, role_scopes, roles, user_roles
from doorward.storage import Database, Executor, Statement, Transaction, insert_statement
from doorward.storage.listing import Listing, Window, fetch_window
from doorward.storage.search import Search, search_condition

INTERNAL_PREFIX = "#internal:"
"""Names of roles that belong to the product itself begin so; no list shows them."""

_r = roles.c
_ROLE = (_r.id, _r.name, _r.description, _r.type, _r.is_default)
_SEARCHED = {"id": _r.id, "name": _r.name, "description": _r.description}
_OURS = _r.tenant_id == bindparam("tenant_id")
_THIS = (_OURS, _r.id == bindparam("role_id_"))
_INSERT = insert_statement(roles)
_INSERT_SCOPE = insert_statement(role_scopes)
_INSERT_USER = insert_statement(user_roles)
_INSERT_APPLICATION = insert_statement(application_roles)
_FIND = Statement(select(*_ROLE).where(*_THIS), into=Role)
_FIND_BY_NAME = Statement(select(*_ROLE).where(_OURS, _r.name == bindparam("name_")), into=Role)
_DEFAULT_ROLES = Statement(
    select(*_ROLE).where(_OURS, _r.is_default.is_(True), _r.type == "User"), into=Role
)
_DELETE = Statement(delete(roles).where(*_THIS))


def _scope_ids_of(relation: Table, member: Column[Any], bind: str) -> Select[Any]:
    return (
        select(role_scopes.c.scope_id)
        .join(
            relation,
            (relation.c.tenant_id == role_scopes.c.tenant_id)
            & (relation.c.role_id == role_scopes.c.role_id),
        )
        .where(role_scopes.c.tenant_id == bindparam("tenant_id"), member == bindparam(bind))
    )


_SCOPES_OF_USER = scope_names_statement(_scope_ids_of(user_roles, user_roles.c.user_id, "user_id_"))
_SCOPES_OF_APPLICATION = scope_names_statement(
    _scope_ids_of(application_roles, application_roles.c.application_id, "application_id_")
)


def _roles_of(relation: Table, member: Column[Any], bind: str) -> Statement[Role]:
    return Statement(
        select(*_ROLE)
        .join(relation, (relation.c.tenant_id == _r.tenant_id) & (relation.c.role_id == _r.id))
        .where(_OURS, member == bindparam(bind))
        .order_by(_r.name),
        into=Role,
    )


_ROLES_OF_USER = _roles_of(user_roles, user_roles.c.user_id, "user_id_")
_ROLES_OF_APPLICATION = _roles_of(
    application_roles, application_roles.c.application_id, "application_id_"
)


def _delete_link(relation: Table, member: Column[Any], bind: str) -> Statement[dict[str, Any]]:
    return Statement(
        delete(relation).where(
            relation.c.tenant_id == bindparam("tenant_id"),
            relation.c.role_id == bindparam("role_id_"),
            member == bindparam(bind),
        )
    )


_DELETE_SCOPE = _delete_link(role_scopes, role_scopes.c.scope_id, "scope_id_")
_DELETE_USER = _delete_link(user_roles, user_roles.c.user_id, "user_id_")
_DELETE_APPLICATION = _delete_link(
    application_roles, application_roles.c.application_id, "application_id_"
)


class RoleFilter(msgspec.Struct, frozen=True):
    """What a list of roles is narrowed to; an empty field narrows nothing."""

    type: str | None = None
    user_id: str | None = None
    application_id: str | None = None
    excluded_user_id: str | None = None
    excluded_application_id: str | None = None
    search: Search = Search()


class RoleMembers(msgspec.Struct, frozen=True):
    """How many have a role, and the ids of a few of them."""

    count: int
    featured_ids: tuple[str, ...]


async def add_role(tx: Transaction, *, tenant_id: str, role: Role) -> None:
    """Store a new role.

    Raises:
        UniqueViolation: uq_roles_name.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=role.id,
        name=role.name,
        description=role.description,
        type=role.type,
        is_default=role.is_default,
    )


async def find_role(db: Executor, *, tenant_id: str, role_id: str) -> Role | None:
    """Return the role with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, role_id_=role_id)


async def find_role_by_name(db: Executor, *, tenant_id: str, name: str) -> Role | None:
    """Return the role of this name."""
    return await db.one(_FIND_BY_NAME, tenant_id=tenant_id, name_=name)


async def list_roles(
    db: Database, *, tenant_id: str, where: RoleFilter, window: Window
) -> Listing[Role]:
    """Return a window of the tenant's roles, by name; internal ones are never shown."""
    return await fetch_window(
        db,
        _narrowed(where, db),
        order_by=(_r.name, _r.id),
        into=Role,
        window=window,
        tenant_id=tenant_id,
    )


async def list_roles_by_id(db: Executor, *, tenant_id: str, ids: list[str]) -> list[Role]:
    """Return those of the roles that exist."""
    query = select(*_ROLE).where(_OURS, _r.id.in_(list(dict.fromkeys(ids))))
    return await db.all(Statement(query, into=Role), tenant_id=tenant_id)


async def list_default_roles(db: Executor, *, tenant_id: str) -> list[Role]:
    """Return the roles that every new user gets."""
    return await db.all(_DEFAULT_ROLES, tenant_id=tenant_id)


async def update_role(
    tx: Transaction, *, tenant_id: str, role_id: str, changes: dict[str, Any]
) -> bool:
    """Set columns of a role; False when there is no such role.

    Raises:
        UniqueViolation: uq_roles_name.
    """
    statement = update(roles).where(*_THIS).values(**changes)
    return await tx.execute(statement, tenant_id=tenant_id, role_id_=role_id) == 1


async def delete_role(tx: Transaction, *, tenant_id: str, role_id: str) -> bool:
    """Delete a role and take it from everyone; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, role_id_=role_id) == 1


async def add_role_scope(tx: Transaction, *, tenant_id: str, role_id: str, scope_id: str) -> None:
    """Let a role grant a scope."""
    await tx.execute(_INSERT_SCOPE, tenant_id=tenant_id, role_id=role_id, scope_id=scope_id)


async def list_scope_ids_of_role(db: Executor, *, tenant_id: str, role_id: str) -> set[str]:
    """Return the ids of the scopes that a role grants."""
    return {row["scope_id"] for row in await db.all(scopes_of_role(role_id), tenant_id=tenant_id)}


async def remove_role_scope(
    tx: Transaction, *, tenant_id: str, role_id: str, scope_id: str
) -> bool:
    """Let a role grant a scope no longer; False when it did not."""
    removed = await tx.execute(
        _DELETE_SCOPE, tenant_id=tenant_id, role_id_=role_id, scope_id_=scope_id
    )
    return removed == 1


async def add_user_role(tx: Transaction, *, tenant_id: str, user_id: str, role_id: str) -> None:
    """Give a user a role."""
    await tx.execute(_INSERT_USER, tenant_id=tenant_id, user_id=user_id, role_id=role_id)


async def remove_user_role(tx: Transaction, *, tenant_id: str, user_id: str, role_id: str) -> bool:
    """Take a role from a user; False when the user did not have it."""
    removed = await tx.execute(
        _DELETE_USER, tenant_id=tenant_id, role_id_=role_id, user_id_=user_id
    )
    return removed == 1


async def add_application_role(
    tx: Transaction, *, tenant_id: str, application_id: str, role_id: str
) -> None:
    """Give a machine-to-machine application a role."""
    await tx.execute(
        _INSERT_APPLICATION, tenant_id=tenant_id, application_id=application_id, role_id=role_id
    )


async def remove_application_role(
    tx: Transaction, *, tenant_id: str, application_id: str, role_id: str
) -> bool:
    """Take a role from an application; False when it did not have it."""
    removed = await tx.execute(
        _DELETE_APPLICATION, tenant_id=tenant_id, role_id_=role_id, application_id_=application_id
    )
    return removed == 1


async def list_roles_of_user(db: Executor, *, tenant_id: str, user_id: str) -> list[Role]:
    """Return the roles of a user, internal ones included."""
    return await db.all(_ROLES_OF_USER, tenant_id=tenant_id, user_id_=user_id)


async def list_roles_of_application(
    db: Executor, *, tenant_id: str, application_id: str
) -> list[Role]:
    """Return the roles of an application, internal ones included."""
    return await db.all(_ROLES_OF_APPLICATION, tenant_id=tenant_id, application_id_=application_id)


async def list_role_names_of_user(db: Executor, *, tenant_id: str, user_id: str) -> list[str]:
    """Return the names of a user's roles, the `roles` claim."""
    found = await db.all(_ROLES_OF_USER, tenant_id=tenant_id, user_id_=user_id)
    return [role.name for role in found]


async def list_scopes_of_user(
    db: Executor, *, tenant_id: str, user_id: str, resource_id: str
) -> list[str]:
    """Return the scopes of a resource that a user's roles grant."""
    rows = await db.all(
        _SCOPES_OF_USER, tenant_id=tenant_id, user_id_=user_id, resource_id_=resource_id
    )
    return [row["name"] for row in rows]


async def list_scopes_of_application(
    db: Executor, *, tenant_id: str, application_id: str, resource_id: str
) -> list[str]:
    """Return the scopes of a resource that an application's roles grant."""
    rows = await db.all(
        _SCOPES_OF_APPLICATION,
        tenant_id=tenant_id,
        application_id_=application_id,
        resource_id_=resource_id,
    )
    return [row["name"] for row in rows]


async def list_users_of_roles(
    db: Executor, *, tenant_id: str, role_ids: list[str], featured: int
) -> dict[str, RoleMembers]:
    """Return how many users have each role, with the ids of at most `featured` of them."""
    query = _count_members(user_roles.c.user_id, user_roles, role_ids, featured)
    return _by_role(await db.all(query, tenant_id=tenant_id))


async def list_applications_of_roles(
    db: Executor, *, tenant_id: str, role_ids: list[str], featured: int
) -> dict[str, RoleMembers]:
    """Return how many applications have each role, with the ids of at most `featured` of them."""
    query = _count_members(
        application_roles.c.application_id, application_roles, role_ids, featured
    )
    return _by_role(await db.all(query, tenant_id=tenant_id))


def scopes_of_role(role_id: str) -> Select[Any]:
    """Return the subquery of the ids of scopes that a role grants."""
    return _members(role_scopes.c.scope_id, role_scopes, role_id)


def users_with_role(role_id: str) -> Select[Any]:
    """Return the subquery of the ids of users who have a role."""
    return _members(user_roles.c.user_id, user_roles, role_id)


def applications_with_role(role_id: str) -> Select[Any]:
    """Return the subquery of the ids of applications that have a role."""
    return _members(application_roles.c.application_id, application_roles, role_id)


def _count_members(
    member: Column[Any], relation: Table, role_ids: list[str], featured: int
) -> Select[Any]:
    ranked = (
        select(
            relation.c.role_id,
            member.label("member_id"),
            func.count().over(partition_by=relation.c.role_id).label("total"),
            func.row_number().over(partition_by=relation.c.role_id, order_by=member).label("place"),
        )
        .where(relation.c.tenant_id == bindparam("tenant_id"), relation.c.role_id.in_(role_ids))
        .subquery()
    )
    return (
        select(ranked.c.role_id, ranked.c.member_id, ranked.c.total)
        .where(ranked.c.place <= featured)
        .order_by(ranked.c.role_id, ranked.c.place)
    )


def _by_role(rows: list[dict[str, Any]]) -> dict[str, RoleMembers]:
    members: dict[str, RoleMembers] = {}
    for row in rows:
        known = members.get(row["role_id"], RoleMembers(count=row["total"], featured_ids=()))
        members[row["role_id"]] = RoleMembers(
            count=known.count, featured_ids=(*known.featured_ids, row["member_id"])
        )
    return members


def _members(member: Column[Any], relation: Table, role_id: str) -> Select[Any]:
    return select(member).where(
        relation.c.tenant_id == bindparam("tenant_id"), relation.c.role_id == role_id
    )


def _of_member(relation: Table, member: Column[Any], member_id: str) -> Select[Any]:
    return select(relation.c.role_id).where(
        relation.c.tenant_id == bindparam("tenant_id"), member == member_id
    )


def _narrowed(where: RoleFilter, db: Database) -> Select[Any]:
    query = select(*_ROLE).where(_OURS, ~_r.name.startswith(INTERNAL_PREFIX, autoescape=True))
    if where.type is not None:
        query = query.where(_r.type == where.type)
    for relation, member, wanted, excluded in (
        (user_roles, user_roles.c.user_id, where.user_id, where.excluded_user_id),
        (
            application_roles,
            application_roles.c.application_id,
            where.application_id,
            where.excluded_application_id,
        ),
    ):
        if wanted is not None:
            query = query.where(_r.id.in_(_of_member(relation, member, wanted)))
        if excluded is not None:
            query = query.where(_r.id.not_in(_of_member(relation, member, excluded)))
    if where.search.terms:
        query = query.where(search_condition(where.search, columns=_SEARCHED, db=db))
    return query
