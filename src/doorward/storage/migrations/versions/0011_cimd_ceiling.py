"""What clients with a client id metadata document may ask of users.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "cimd_user_scopes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("user_scope", sa.String(length=64), nullable=False),
        _of_tenant("cimd_user_scopes"),
        sa.PrimaryKeyConstraint("tenant_id", "user_scope", name=op.f("pk_cimd_user_scopes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cimd_resource_scopes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("scope_id", sa.String(length=21), nullable=False),
        _of_tenant("cimd_resource_scopes"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "scope_id"],
            ["scopes.tenant_id", "scopes.id"],
            name=op.f("fk_cimd_resource_scopes_tenant_id_scope_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "scope_id", name=op.f("pk_cimd_resource_scopes")),
        sqlite_with_rowid=False,
    )
    isolate_tenants("cimd_user_scopes", "cimd_resource_scopes")


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"
    )
