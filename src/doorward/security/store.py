"""Rows of failed_attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, case, or_, select, update

from doorward.security.tables import FailedAttempts, Failure, failed_attempts
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

_t = failed_attempts.c
_HERE = (
    _t.tenant_id == bindparam("tenant_id"),
    _t.target_hash == bindparam("target_hash_"),
    _t.action == bindparam("action_"),
)
_NOW = bindparam("now", type_=_t.window_ends_at.type)
_IS_OVER = _t.window_ends_at <= _NOW
_FAILURES = case((_IS_OVER, 1), else_=_t.failures + 1)
_MAX_ATTEMPTS = bindparam("max_attempts", type_=_t.failures.type)
_FIND = Statement(
    select(_t.failures, _t.window_ends_at, _t.locked_until).where(*_HERE), into=FailedAttempts
)
_INSERT = insert_statement(failed_attempts)
# One statement, so that parallel failures are each counted and the last one allowed locks.
_COUNT = Statement(
    update(failed_attempts)
    .where(*_HERE)
    .values(
        failures=_FAILURES,
        window_ends_at=case(
            (_IS_OVER, bindparam("new_window_ends_at", type_=_t.window_ends_at.type)),
            else_=_t.window_ends_at,
        ),
        locked_until=case(
            (
                _MAX_ATTEMPTS <= _FAILURES,
                bindparam("new_locked_until", type_=_t.locked_until.type),
            ),
            else_=_t.locked_until,
        ),
    )
)
_SWEEP = delete_batch(
    failed_attempts,
    _t.window_ends_at <= bindparam("now"),
    or_(_t.locked_until.is_(None), _t.locked_until <= bindparam("now")),
)


async def find_attempts(
    db: Executor, *, tenant_id: str, target_hash: str, action: str
) -> FailedAttempts | None:
    """Return the failures of a target."""
    return await db.one(_FIND, tenant_id=tenant_id, target_hash_=target_hash, action_=action)


async def count_failure(tx: Transaction, *, tenant_id: str, failure: Failure) -> bool:
    """Count one more failure; False when the target has none yet.

    A new window begins when the old one is over.
    """
    count = await tx.execute(
        _COUNT,
        tenant_id=tenant_id,
        target_hash_=failure.target_hash,
        action_=failure.action,
        now=failure.at,
        new_window_ends_at=failure.window_ends_at,
        new_locked_until=failure.locked_until,
        max_attempts=failure.max_attempts,
    )
    return count == 1


async def add_attempts(tx: Transaction, *, tenant_id: str, failure: Failure) -> None:
    """Store a target's first failure.

    Raises:
        UniqueViolation: pk_failed_attempts, another failure was faster.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        target_hash=failure.target_hash,
        action=failure.action,
        failures=1,
        window_ends_at=failure.window_ends_at,
        locked_until=failure.locked_until if failure.max_attempts <= 1 else None,
    )


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_failed_attempts(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete counters whose window and lock are over and return how many."""
    return await tx.execute(_SWEEP, now=now)
