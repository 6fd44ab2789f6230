"""Sessions of the provider, and which clients take part in them."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, ForeignKeyConstraint, Index, String, Text

from doorward.storage import ClientId, Json, Timestamp, tenant_table

sessions = tenant_table(
    "sessions",
    Column("id", String(21), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("authenticated_at", Timestamp, nullable=False),
    Column("amr", Json, nullable=False),
    Column("ip", String(64)),
    Column("user_agent", Text),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
)
Index("uq_sessions_token_hash", sessions.c.tenant_id, sessions.c.token_hash, unique=True)
Index("ix_sessions_user_id", sessions.c.tenant_id, sessions.c.user_id)
Index("ix_sessions_expires_at", sessions.c.expires_at)

# Which clients were given something in a session: whoever ends it tells them.
session_clients = tenant_table(
    "session_clients",
    Column("session_id", String(21), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("joined_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"], ondelete="CASCADE"
    ),
    primary_key=("session_id", "client_id"),
)
Index("ix_session_clients_user_id", session_clients.c.tenant_id, session_clients.c.user_id)


class Session(msgspec.Struct, frozen=True):
    """A row of sessions; `id` is the sid, `amr` the methods of RFC 8176. `ip` and `user_agent` are
    read for lists alone."""

    id: str
    user_id: str
    authenticated_at: datetime
    amr: list[str]
    created_at: datetime
    expires_at: datetime
    ip: str | None = None
    user_agent: str | None = None


class SessionClient(msgspec.Struct, frozen=True):
    """A row of session_clients."""

    session_id: str
    client_id: str
    user_id: str
    joined_at: datetime
