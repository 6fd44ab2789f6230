"""Audit entries. Ids begin with the time, so that the primary key is the order of events and an
insert touches the end of one B-tree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, String

from doorward.storage import Json, Timestamp, tenant_table

audit_logs = tenant_table(
    "audit_logs",
    Column("id", String(21), nullable=False),
    Column("key", String(128), nullable=False),
    Column("payload", Json, nullable=False),
    Column("created_at", Timestamp, nullable=False),
)


class AuditLog(msgspec.Struct, frozen=True):
    """A row of audit_logs."""

    id: str
    key: str
    payload: dict[str, Any]
    created_at: datetime
