"""What codes and tokens carry beside scope and resources (oidc.tables.TokenContext).

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    for table in ("authorization_codes", "refresh_tokens", "access_tokens"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("context", JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("access_tokens") as batch:
        batch.add_column(sa.Column("authenticated_at", sa.BigInteger(), nullable=True))
