"""Personal access tokens."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, ForeignKeyConstraint, Index, String, Text

from doorward.storage import Timestamp, tenant_table

personal_access_tokens = tenant_table(
    "personal_access_tokens",
    Column("user_id", String(21), nullable=False),
    Column("name", String(256), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_hash", String(64), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
    primary_key=("user_id", "name"),
)
Index(
    "uq_personal_access_tokens_value_hash",
    personal_access_tokens.c.tenant_id,
    personal_access_tokens.c.value_hash,
    unique=True,
)


class PersonalAccessToken(msgspec.Struct, frozen=True):
    """A row of personal_access_tokens; `value` is sealed."""

    user_id: str
    name: str
    value: str
    value_hash: str
    created_at: datetime
    expires_at: datetime | None
