"""Grants. Codes and tokens refer to them and are deleted with them."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String

from doorward.storage import ClientId, Timestamp, tenant_table

grants = tenant_table(
    "grants",
    Column("id", String(21), nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("session_id", String(21)),
    Column("is_offline", Boolean, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
)
Index("ix_grants_user_id", grants.c.tenant_id, grants.c.user_id)
Index("ix_grants_session_id", grants.c.tenant_id, grants.c.session_id)
Index("ix_grants_client_id", grants.c.tenant_id, grants.c.client_id)
Index("ix_grants_expires_at", grants.c.expires_at)


class Grant(msgspec.Struct, frozen=True):
    """A row of grants. `is_offline`: it outlives the session it began in."""

    id: str
    user_id: str
    client_id: str
    session_id: str | None
    is_offline: bool
    created_at: datetime
    expires_at: datetime
