"""What may be presented only once (replays).

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "replays",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("value_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_replays_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "purpose", "value_hash", name=op.f("pk_replays")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_replays_expires_at", "replays", ["expires_at"], unique=False)
    isolate_tenants("replays")
