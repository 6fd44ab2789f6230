"""A client id may be the URL of a client id metadata document.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = (
    "interactions",
    "grants",
    "authorization_codes",
    "refresh_tokens",
    "access_tokens",
    "pushed_requests",
)


def upgrade() -> None:
    # SQLite has no widths to change.
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.alter_column(table, "client_id", type_=sa.String(length=2048))
