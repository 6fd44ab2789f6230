"""What has expired goes, all of it, however much there is; what has not expired stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from doorward.interactions.tables import interactions
from doorward.storage import Database, insert_statement
from doorward.storage.database import ALL_TENANTS
from doorward.storage.expiry import SWEEP_BATCH
from doorward.sweep import sweep
from tests.support.tenants import insert_tenant

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class StoppedClock:
    """It is always nine o'clock."""

    def now(self) -> datetime:
        return NOW

    def seconds(self) -> int:
        return int(NOW.timestamp())


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
