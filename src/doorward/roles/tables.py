"""Roles and the three relations."""

from __future__ import annotations

import msgspec
from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String

from doorward.storage import tenant_table

roles = tenant_table(
    "roles",
    Column("id", String(21), nullable=False),
    Column("name", String(128), nullable=False),
    Column("description", String(128), nullable=False),
    Column("type", String(32), nullable=False),
    Column("is_default", Boolean, nullable=False),
)
Index("uq_roles_name", roles.c.tenant_id, roles.c.name, unique=True)


def _belongs_to(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="CASCADE"
    )


role_scopes = tenant_table(
    "role_scopes",
    Column("role_id", String(21), nullable=False),
    Column("scope_id", String(21), nullable=False),
    _belongs_to("roles", "role_id"),
    _belongs_to("scopes", "scope_id"),
    primary_key=("role_id", "scope_id"),
)
Index("ix_role_scopes_scope_id", role_scopes.c.tenant_id, role_scopes.c.scope_id)

user_roles = tenant_table(
    "user_roles",
    Column("user_id", String(21), nullable=False),
    Column("role_id", String(21), nullable=False),
    _belongs_to("users", "user_id"),
    _belongs_to("roles", "role_id"),
    primary_key=("user_id", "role_id"),
)
Index("ix_user_roles_role_id", user_roles.c.tenant_id, user_roles.c.role_id)

application_roles = tenant_table(
    "application_roles",
    Column("application_id", String(21), nullable=False),
    Column("role_id", String(21), nullable=False),
    _belongs_to("applications", "application_id"),
    _belongs_to("roles", "role_id"),
    primary_key=("application_id", "role_id"),
)
Index("ix_application_roles_role_id", application_roles.c.tenant_id, application_roles.c.role_id)


class Role(msgspec.Struct, frozen=True):
    """A row of roles; `type` is "User" or "MachineToMachine"."""

    id: str
    name: str
    description: str
    type: str
    is_default: bool
