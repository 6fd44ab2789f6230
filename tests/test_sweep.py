"""What has expired goes, all of it, however much there is; what has not expired stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from doorward.interactions.tables import interactions
from doorward.replays.store import remember
from doorward.replays.tables import replays
from doorward.storage import Database, insert_statement
from doorward.storage.database import ALL_TENANTS
from doorward.storage.expiry import SWEEP_BATCH
from doorward.sweep import SWEEPS, sweep
from tests.support.tenants import insert_tenant

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class StoppedClock:
    """It is always nine o'clock."""

    def now(self) -> datetime:
        return NOW

    def seconds(self) -> int:
        return int(NOW.timestamp())


class Interruption(Exception):
    """The server is stopped."""


class StoppingClock(StoppedClock):
    """The server is stopped after so many batches."""

    def __init__(self, batches: int) -> None:
        self._left = batches

    def now(self) -> datetime:
        if self._left == 0:
            raise Interruption
        self._left -= 1
        return NOW


@pytest.fixture
async def db(database: Database) -> Database:
    """A database with a tenant, three batches of expired interactions, and one that lives."""
    insert = insert_statement(interactions)
    async with database.transaction(ALL_TENANTS) as tx:
        await insert_tenant(tx, "default", at=NOW)
    async with database.transaction("default") as tx:
        for number in range(3 * SWEEP_BATCH + 1):
            is_expired = number > 0
            await tx.execute(
                insert,
                tenant_id="default",
                id_hash=f"interaction{number}",
                client_id="bookstore",
                params={},
                event=None,
                state={},
                version=1,
                user_id=None,
                authenticated_at=None,
                amr=None,
                session_id=None,
                created_at=NOW - timedelta(hours=2),
                expires_at=NOW + timedelta(hours=-1 if is_expired else 1),
            )
    return database


class TestSweep:
    async def test_deletes_every_expired_row_and_no_other(self, db: Database) -> None:
        """More than one batch of them, in several transactions."""
        await sweep(db, clock=StoppedClock())

        rows = await db.value(
            select(func.count()).where(interactions.c.tenant_id == "default"), tenant_id="default"
        )
        assert rows == 1

    async def test_a_crowd_in_one_table_holds_up_no_other(self, db: Database) -> None:
        """After a batch of each, the one replay is gone, and some of the interactions are left."""
        async with db.transaction("default") as tx:
            await remember(
                tx, tenant_id="default", purpose="dpop", value="one", expires_at=NOW - HOUR
            )

        with pytest.raises(Interruption):
            await sweep(db, clock=StoppingClock(len(SWEEPS)))

        counted = {
            table.name: await db.value(
                select(func.count()).where(table.c.tenant_id == "default"), tenant_id="default"
            )
            for table in (interactions, replays)
        }
        assert counted == {"interactions": 2 * SWEEP_BATCH + 1, "replays": 0}
