"""What APIs demand of the sign-in behind a token.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("resources") as batch:
        batch.add_column(sa.Column("required_acr", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("max_authentication_age", sa.BigInteger(), nullable=True))
