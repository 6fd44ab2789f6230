"""Rows of failed_attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, or_

from doorward.security.tables import failed_attempts
from doorward.storage import Statement, Transaction

_t = failed_attempts.c
_SWEEP = Statement(
    delete(failed_attempts).where(
        _t.window_ends_at <= bindparam("now"),
        or_(_t.locked_until.is_(None), _t.locked_until <= bindparam("now")),
    )
)


async def sweep_failed_attempts(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete counters whose window and lock are over and return how many."""
    return await tx.execute(_SWEEP, now=now)
