"""When each signing key signs and retires, and how often a tenant wants new ones.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0005"
down_revision = "0004"

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("signing_keys") as batch:
        batch.add_column(
            sa.Column("key_set", sa.String(length=8), nullable=False, server_default="default")
        )
        batch.add_column(
            sa.Column("active_from", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch.add_column(sa.Column("active_until", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("retires_at", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL doorward.tenant = '*'")
    # A current key signs for 90 days; a previous one gave way when the next one was made.
    op.execute("UPDATE signing_keys SET active_from = created_at")
    op.execute(
        "UPDATE signing_keys SET active_until = created_at + 7776000000 WHERE status = 'Current'"
    )
    op.execute(
        "UPDATE signing_keys SET active_until = (SELECT min(later.created_at) "
        "FROM signing_keys later WHERE later.tenant_id = signing_keys.tenant_id "
        "AND later.created_at > signing_keys.created_at) WHERE status = 'Previous'"
    )
    op.execute(
        "UPDATE signing_keys SET retires_at = active_until + 2592000000 WHERE status = 'Previous'"
    )
    with op.batch_alter_table("signing_keys") as batch:
        batch.drop_column("status")
    op.create_index("ix_signing_keys_active_until", "signing_keys", ["active_until"], unique=False)
    op.create_table(
        "key_policies",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("rotation_period_in_days", sa.BigInteger(), nullable=False),
        sa.Column("algorithms", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_key_policies_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_key_policies")),
        sqlite_with_rowid=False,
    )
    isolate_tenants("key_policies")
