"""Rows of console_sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete

from doorward.console.tables import console_sessions
from doorward.storage import Statement, Transaction

_SWEEP = Statement(delete(console_sessions).where(console_sessions.c.expires_at <= bindparam("now")))


async def sweep_console_sessions(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired console sessions and return how many."""
    return await tx.execute(_SWEEP, now=now)
