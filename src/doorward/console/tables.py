"""Signed-in administrators: a session of the console, which is a client of the admin tenant."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, ForeignKeyConstraint, Index, String, Text

from doorward.storage import Timestamp, tenant_table

console_sessions = tenant_table(
    "console_sessions",
    Column("token_hash", String(64), nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("session_id", String(21)),
    Column("id_token", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
    primary_key=("token_hash",),
)
Index("ix_console_sessions_expires_at", console_sessions.c.expires_at)


class ConsoleSession(msgspec.Struct, frozen=True):
    """A row of console_sessions; `id_token` is kept as the hint for signing out."""

    token_hash: str
    user_id: str
    session_id: str | None
    id_token: str
    created_at: datetime
    expires_at: datetime
