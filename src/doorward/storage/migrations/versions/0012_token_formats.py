"""Opaque access tokens for APIs, and the types of authorization details that APIs define.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0012"
down_revision = "0011"

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("resources") as batch:
        batch.add_column(
            sa.Column(
                "access_token_format", sa.String(length=8), nullable=False, server_default="jwt"
            )
        )
        batch.add_column(
            sa.Column("authorization_details_types", JSON, nullable=False, server_default="[]")
        )
    with op.batch_alter_table("access_tokens") as batch:
        batch.add_column(sa.Column("audience", sa.Text(), nullable=True))
    op.create_table(
        "machine_tokens",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=2048), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("context", JSON, nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_machine_tokens_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name=op.f("pk_machine_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_machine_tokens_expires_at", "machine_tokens", ["expires_at"], unique=False)
    isolate_tenants("machine_tokens")
