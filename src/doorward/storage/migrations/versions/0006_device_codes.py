"""Devices that wait for a person (device_codes).

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0006"
down_revision = "0005"

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "device_codes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("device_code_hash", sa.String(length=64), nullable=False),
        sa.Column("user_code_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", JSON, nullable=False),
        sa.Column("hints", JSON, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=True),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("amr", JSON, nullable=True),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("next_poll_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_device_codes_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "device_code_hash", name=op.f("pk_device_codes")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_device_codes_user_code_hash",
        "device_codes",
        ["tenant_id", "user_code_hash"],
        unique=True,
    )
    op.create_index("ix_device_codes_expires_at", "device_codes", ["expires_at"], unique=False)
    isolate_tenants("device_codes")
