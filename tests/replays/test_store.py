"""A value is first once: for one tenant and purpose, whoever asks at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from doorward.kit.clock import SystemClock
from doorward.kit.crypto import Sealer
from doorward.replays.store import remember, sweep_replays
from doorward.storage import Database
from doorward.storage.database import ALL_TENANTS
from doorward.tenants.seed import seed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def db(database: Database) -> Database:
    await seed(database, sealer=Sealer(b"k" * 32), clock=SystemClock())
    return database


async def is_first(
    db: Database,
    value: str,
    *,
    purpose: str = "client_assertion",
    tenant_id: str = "default",
    expires_at: datetime = NOW + timedelta(minutes=1),
) -> bool:
    async with db.transaction(tenant_id) as tx:
        return await remember(
            tx, tenant_id=tenant_id, purpose=purpose, value=value, expires_at=expires_at
        )


class TestRemember:
    async def test_the_first_is_told_from_the_second(self, db: Database) -> None:
        assert await is_first(db, "bookstore jti-1")
        assert not await is_first(db, "bookstore jti-1")
        assert await is_first(db, "bookstore jti-2")

    async def test_of_many_at_once_one_is_first(self, db: Database) -> None:
        answers = await asyncio.gather(*(is_first(db, "bookstore jti-1") for _ in range(20)))

        assert sorted(answers) == [False] * 19 + [True]

    async def test_purposes_and_tenants_do_not_meet(self, db: Database) -> None:
        assert await is_first(db, "jti")
        assert await is_first(db, "jti", purpose="dpop")
        assert await is_first(db, "jti", tenant_id="admin")

    async def test_a_transaction_that_fails_has_presented_nothing(self, db: Database) -> None:
        try:
            async with db.transaction("default") as tx:
                await remember(tx, tenant_id="default", purpose="dpop", value="jti", expires_at=NOW)
                raise LookupError
        except LookupError:
            pass

        assert await is_first(db, "jti", purpose="dpop")


class TestSweep:
    async def test_deletes_what_has_expired(self, db: Database) -> None:
        await is_first(db, "old", expires_at=NOW - timedelta(seconds=1))
        await is_first(db, "new")

        async with db.transaction(ALL_TENANTS) as tx:
            assert await sweep_replays(tx, now=NOW) == 1

        assert await is_first(db, "old")
        assert not await is_first(db, "new")
