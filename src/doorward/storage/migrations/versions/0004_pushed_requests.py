"""Pushed authorization requests (pushed_requests).

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0004"
down_revision = "0003"

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pushed_requests",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("kept_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_pushed_requests_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id_hash", name=op.f("pk_pushed_requests")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_pushed_requests_kept_until", "pushed_requests", ["kept_until"], unique=False
    )
    isolate_tenants("pushed_requests")
