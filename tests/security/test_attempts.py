"""Counting failures and locking, on both databases (reference: experience.md section 12)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from doorward.errors import RequestError
from doorward.kit.clock import SystemClock
from doorward.kit.crypto import Sealer
from doorward.security.attempts import (
    LockoutPolicy,
    check_not_locked,
    guess_of,
    record_failure,
)
from doorward.security.store import sweep_failed_attempts
from doorward.storage import Database
from doorward.storage.database import ALL_TENANTS
from doorward.tenants.seed import seed

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
POLICY = LockoutPolicy(max_attempts=5, duration=timedelta(minutes=30))
ADA = guess_of("ada")


@pytest_asyncio.fixture
async def db(database: Database) -> Database:
    await seed(database, sealer=Sealer(b"k" * 32), clock=SystemClock())
    return database


async def fail(db: Database, times: int, *, at: datetime = NOW, tenant_id: str = "default") -> None:
    await asyncio.gather(
        *(
            record_failure(db, tenant_id=tenant_id, guess=ADA, policy=POLICY, now=at)
            for _ in range(times)
        )
    )


async def is_locked(db: Database, *, at: datetime = NOW, tenant_id: str = "default") -> bool:
    try:
        await check_not_locked(db, tenant_id=tenant_id, guess=ADA, now=at)
    except RequestError as error:
        return error.code == "session.verification_blocked_too_many_attempts"
    return False


class TestLockout:
    async def test_the_last_failure_allowed_locks(self, db: Database) -> None:
        await fail(db, 4)
        assert not await is_locked(db)

        await fail(db, 1)

        assert await is_locked(db)

    async def test_parallel_failures_are_all_counted(self, db: Database) -> None:
        """Guesses sent at once cannot hide behind each other."""
        await fail(db, 5)

        assert await is_locked(db)

    async def test_a_lock_ends(self, db: Database) -> None:
        await fail(db, 5)

        assert await is_locked(db, at=NOW + timedelta(minutes=29))
        assert not await is_locked(db, at=NOW + timedelta(minutes=31))

    async def test_failures_of_an_hour_ago_are_forgotten(self, db: Database) -> None:
        await fail(db, 4)

        await fail(db, 4, at=NOW + timedelta(minutes=61))

        assert not await is_locked(db, at=NOW + timedelta(minutes=61))

    async def test_tenants_do_not_lock_each_other(self, db: Database) -> None:
        await fail(db, 5)

        assert not await is_locked(db, tenant_id="admin")

    async def test_says_how_long(self, db: Database) -> None:
        await fail(db, 5)

        with pytest.raises(RequestError) as caught:
            await check_not_locked(db, tenant_id="default", guess=ADA, now=NOW)

        assert caught.value.interpolation == {"minutes": 30}
        assert caught.value.data == {"retryAfter": 1801}

    async def test_what_is_over_is_swept(self, db: Database) -> None:
        await fail(db, 5)

        async with db.transaction(ALL_TENANTS) as tx:
            early = await sweep_failed_attempts(tx, now=NOW + timedelta(minutes=59))
            late = await sweep_failed_attempts(tx, now=NOW + timedelta(minutes=61))

        assert (early, late) == (0, 1)


class TestGuess:
    def test_case_and_spaces_do_not_give_another_counter(self) -> None:
        assert guess_of(" ADA ") == ADA

    def test_the_identifier_itself_is_not_stored(self) -> None:
        assert "ada" not in ADA.target_hash
        assert len(ADA.target_hash) == 64
