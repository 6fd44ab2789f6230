"""Rows of roles and of their relations to scopes, users and applications."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from doorward.resources.tables import scopes
from doorward.roles.tables import Role, application_roles, role_scopes, roles, user_roles
from doorward.storage import Executor, Statement, Transaction, insert_statement

_INSERT = insert_statement(roles)
_INSERT_SCOPE = insert_statement(role_scopes)
_INSERT_USER = insert_statement(user_roles)
_INSERT_APPLICATION = insert_statement(application_roles)
_r = roles.c
_FIND_BY_NAME = Statement(
    select(_r.id, _r.name, _r.description, _r.type, _r.is_default).where(
        _r.tenant_id == bindparam("tenant_id"), _r.name == bindparam("name_")
    ),
    into=Role,
)
_DEFAULT_ROLES = Statement(
    select(_r.id, _r.name, _r.description, _r.type, _r.is_default).where(
        _r.tenant_id == bindparam("tenant_id"), _r.is_default.is_(True), _r.type == "User"
    ),
    into=Role,
)
_ROLE_NAMES_OF_USER = Statement(
    select(_r.name)
    .join(user_roles, (user_roles.c.tenant_id == _r.tenant_id) & (user_roles.c.role_id == _r.id))
    .where(_r.tenant_id == bindparam("tenant_id"), user_roles.c.user_id == bindparam("user_id_"))
    .order_by(_r.name)
)
# The one join over another slice's table: which scopes a role grants is this slice's question,
# and answering it scope by scope would cost a query each on the token endpoint.
_scope_of_role = (role_scopes.c.tenant_id == scopes.c.tenant_id) & (
    role_scopes.c.scope_id == scopes.c.id
)
_SCOPES_OF_USER = Statement(
    select(scopes.c.name)
    .distinct()
    .join(role_scopes, _scope_of_role)
    .join(
        user_roles,
        (user_roles.c.tenant_id == role_scopes.c.tenant_id)
        & (user_roles.c.role_id == role_scopes.c.role_id),
    )
    .where(
        scopes.c.tenant_id == bindparam("tenant_id"),
        scopes.c.resource_id == bindparam("resource_id_"),
        user_roles.c.user_id == bindparam("user_id_"),
    )
    .order_by(scopes.c.name)
)
_SCOPES_OF_APPLICATION = Statement(
    select(scopes.c.name)
    .distinct()
    .join(role_scopes, _scope_of_role)
    .join(
        application_roles,
        (application_roles.c.tenant_id == role_scopes.c.tenant_id)
        & (application_roles.c.role_id == role_scopes.c.role_id),
    )
    .where(
        scopes.c.tenant_id == bindparam("tenant_id"),
        scopes.c.resource_id == bindparam("resource_id_"),
        application_roles.c.application_id == bindparam("application_id_"),
    )
    .order_by(scopes.c.name)
)


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


async def add_role_scope(tx: Transaction, *, tenant_id: str, role_id: str, scope_id: str) -> None:
    """Let a role grant a scope."""
    await tx.execute(_INSERT_SCOPE, tenant_id=tenant_id, role_id=role_id, scope_id=scope_id)


async def add_user_role(tx: Transaction, *, tenant_id: str, user_id: str, role_id: str) -> None:
    """Give a user a role."""
    await tx.execute(_INSERT_USER, tenant_id=tenant_id, user_id=user_id, role_id=role_id)


async def add_application_role(
    tx: Transaction, *, tenant_id: str, application_id: str, role_id: str
) -> None:
    """Give a machine-to-machine application a role."""
    await tx.execute(
        _INSERT_APPLICATION, tenant_id=tenant_id, application_id=application_id, role_id=role_id
    )


async def find_role_by_name(db: Executor, *, tenant_id: str, name: str) -> Role | None:
    """Return the role of this name."""
    return await db.one(_FIND_BY_NAME, tenant_id=tenant_id, name_=name)


async def list_default_roles(db: Executor, *, tenant_id: str) -> list[Role]:
    """Return the roles that every new user gets."""
    return await db.all(_DEFAULT_ROLES, tenant_id=tenant_id)


async def list_role_names_of_user(db: Executor, *, tenant_id: str, user_id: str) -> list[str]:
    """Return the names of a user's roles, the `roles` claim."""
    rows = await db.all(_ROLE_NAMES_OF_USER, tenant_id=tenant_id, user_id_=user_id)
    return [row["name"] for row in rows]


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
