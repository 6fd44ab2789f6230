"""Subject tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKeyConstraint, Index, String

from doorward.storage import Json, Timestamp, tenant_table

subject_tokens = tenant_table(
    "subject_tokens",
    Column("token_hash", String(64), nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("context", Json, nullable=False),
    Column("creator_id", String(32), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("consumed_at", Timestamp),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
    primary_key=("token_hash",),
)
Index("ix_subject_tokens_user_id", subject_tokens.c.tenant_id, subject_tokens.c.user_id)
Index("ix_subject_tokens_expires_at", subject_tokens.c.expires_at)


class SubjectToken(msgspec.Struct, frozen=True):
    """A row of subject_tokens. `creator_id` is the application or user that asked for it."""

    token_hash: str
    user_id: str
    context: dict[str, Any]
    creator_id: str
    created_at: datetime
    expires_at: datetime
    consumed_at: datetime | None
