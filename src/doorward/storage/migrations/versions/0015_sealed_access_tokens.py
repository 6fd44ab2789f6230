"""Opaque access tokens carry what they are worth; remembered are those that were revoked.

Tokens of before are unknown from now on. They would have lived for an hour.

Revision ID: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_table("access_tokens")
    op.drop_table("machine_tokens")
    op.create_table(
        "revoked_tokens",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_revoked_tokens_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name=op.f("pk_revoked_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_revoked_tokens_expires_at", "revoked_tokens", ["expires_at"], unique=False)
    isolate_tenants("revoked_tokens")
