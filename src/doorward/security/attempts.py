"""Counting failed attempts, and the lock they lead to (reference: experience.md section 12).

    1. check_not_locked   before a secret is compared: a locked identifier is refused unseen
    2. record_failure     after a wrong one; commits on its own, before the error is raised
    3. check_not_locked   again, in the transaction that signs in: guesses that raced past step 1
                          while others filled the counter gain nothing by being right

Whether an identifier belongs to a user plays no part, so a lock tells nobody that it does.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from doorward.errors import RequestError
from doorward.security import store
from doorward.security.tables import Failure
from doorward.storage import Database, Executor, UniqueViolation

WINDOW = timedelta(hours=1)


class Action(StrEnum):
    """What is guessed at. Password, code and one-time token share the counter of `IDENTIFIER`.
    A user code belongs to nobody yet, so `USER_CODE` counts by whom it is guessed.
    `CLIENT_REGISTRATION` is no guess at all, but what a stranger may do only so often.
    """

    IDENTIFIER = "Identifier"
    USER_CODE = "UserCode"
    CLIENT_REGISTRATION = "ClientRegistration"


class Guess(msgspec.Struct, frozen=True):
    """Whose secret is tried, as it is stored: never the identifier itself."""

    target_hash: str
    action: Action = Action.IDENTIFIER


class LockoutPolicy(msgspec.Struct, frozen=True):
    """How many failures within the window lock, and for how long."""

    max_attempts: int
    duration: timedelta


def guess_of(identifier: str, *, action: Action = Action.IDENTIFIER) -> Guess:
    """Return the guess at an identifier, or by whom one is made; its case does not matter."""
    digest = hashlib.sha256(identifier.strip().lower().encode(errors="replace")).hexdigest()
    return Guess(digest, action)


async def check_not_locked(db: Executor, *, tenant_id: str, guess: Guess, now: datetime) -> None:
    """Refuse a locked target, whatever secret comes with it.

    Raises:
        RequestError: 400 session.verification_blocked_too_many_attempts, data {"retryAfter": s}.
    """
    attempts = await store.find_attempts(
        db, tenant_id=tenant_id, target_hash=guess.target_hash, action=guess.action
    )
    if attempts is None or attempts.locked_until is None or attempts.locked_until <= now:
        return
    remaining = attempts.locked_until - now
    raise RequestError(
        "session.verification_blocked_too_many_attempts",
        interpolation={"minutes": math.ceil(remaining.total_seconds() / 60)},
        data={"retryAfter": int(remaining.total_seconds()) + 1},
    )


async def record_failure(
    db: Database, *, tenant_id: str, guess: Guess, policy: LockoutPolicy, now: datetime
) -> None:
    """Count a failure, and lock at the last one allowed. Commits by itself: it must outlive the
    refusal that follows."""
    failure = Failure(
        target_hash=guess.target_hash,
        action=guess.action,
        at=now,
        window_ends_at=now + WINDOW,
        locked_until=now + policy.duration,
        max_attempts=policy.max_attempts,
    )
    async with db.transaction(tenant_id) as tx:
        if await store.count_failure(tx, tenant_id=tenant_id, failure=failure):
            return
    try:
        async with db.transaction(tenant_id) as tx:
            await store.add_attempts(tx, tenant_id=tenant_id, failure=failure)
    except UniqueViolation:
        # Another first failure was faster; it is there now.
        async with db.transaction(tenant_id) as tx:
            await store.count_failure(tx, tenant_id=tenant_id, failure=failure)
