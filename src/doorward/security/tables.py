"""Failed attempts in the running window, and the lock they led to."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, Index, String

from doorward.storage import Timestamp, tenant_table

failed_attempts = tenant_table(
    "failed_attempts",
    Column("target_hash", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("window_ends_at", Timestamp, nullable=False),
    Column("locked_until", Timestamp),
    primary_key=("target_hash", "action"),
)
Index("ix_failed_attempts_window_ends_at", failed_attempts.c.window_ends_at)


class FailedAttempts(msgspec.Struct, frozen=True):
    """A row of failed_attempts."""

    failures: int
    window_ends_at: datetime
    locked_until: datetime | None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failed attempt to count: `window_ends_at` if it begins a window, `locked_until` if it is
    the one that reaches `max_attempts`."""

    target_hash: str
    action: str
    at: datetime
    window_ends_at: datetime
    locked_until: datetime
    max_attempts: int
