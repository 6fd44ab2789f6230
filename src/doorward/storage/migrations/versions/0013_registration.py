"""Clients that register themselves.

Revision ID: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "initial_access_tokens",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("remaining_uses", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _of_tenant("initial_access_tokens"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_initial_access_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_initial_access_tokens_token_hash",
        "initial_access_tokens",
        ["tenant_id", "token_hash"],
        unique=True,
    )
    op.create_index("ix_initial_access_tokens_expires_at", "initial_access_tokens", ["expires_at"])
    op.create_table(
        "registered_clients",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        _of_tenant("registered_clients"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=op.f("fk_registered_clients_tenant_id_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "application_id", name=op.f("pk_registered_clients")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_registered_clients_look_at", "registered_clients", ["look_at"])
    isolate_tenants("initial_access_tokens", "registered_clients")


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"
    )
