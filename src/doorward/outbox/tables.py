"""Messages that wait, were delivered, or were given up."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Index, String

from doorward.storage import Json, Timestamp, tenant_table


class Status(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


# `due_at` is when a waiting message may be taken: at first, after a failure, or when the worker
# that has it should long have been done. `expires_at` is set once it no longer waits.
outbox = tenant_table(
    "outbox",
    Column("id", String(21), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("payload", Json, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("failure", String(256)),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp),
)
Index("ix_outbox_due_at", outbox.c.status, outbox.c.due_at)
Index("ix_outbox_expires_at", outbox.c.expires_at)


class Message(msgspec.Struct, frozen=True):
    """A row of outbox that waits. `attempts` counts those that began."""

    tenant_id: str
    id: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime


class Letter(msgspec.Struct, frozen=True):
    """A row of outbox as an administrator sees it; `failure` is why the last attempt failed."""

    id: str
    kind: str
    payload: dict[str, Any]
    status: Status
    attempts: int
    due_at: datetime
    failure: str | None
    created_at: datetime
