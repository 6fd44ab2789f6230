"""The connections of PostgreSQL: shared fairly, and never handed on in the middle of something."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import bindparam, func, select, text

from doorward.storage import ForeignKeyViolation, Statement, StorageError, insert_statement
from doorward.storage.errors import DatabaseUnavailable
from doorward.storage.postgres import PostgresDatabase
from doorward.tenants.tables import configs
from tests.support.databases import fresh_database

SLEEP = text("SELECT pg_sleep(0.3)")
LONG_SLEEP = text("SELECT pg_sleep(30)")
COUNT_TENANTS = Statement(
    select(func.count()).select_from(configs).where(configs.c.tenant_id == bindparam("tenant_id"))
)


@pytest_asyncio.fixture
async def lonely(run_directory: Path, tmp_path: Path) -> AsyncIterator[PostgresDatabase]:
    """A database with a single connection for everybody."""
    with fresh_database("postgresql", run=run_directory, directory=tmp_path) as url:
        database = await PostgresDatabase.open(url, pool_size=1)
        yield database
        await database.close()


class TestPool:
    async def test_callers_take_turns(self, lonely: PostgresDatabase) -> None:
        """Twenty at once on one connection: each is served."""
        counts = await asyncio.gather(
            *(lonely.value(COUNT_TENANTS, tenant_id="default") for _ in range(20))
        )

        assert counts == [0] * 20

    async def test_a_cancelled_query_is_nobody_elses_answer(self, lonely: PostgresDatabase) -> None:
        """The connection of a caller that was cut off is closed; the next one gets a fresh one."""
        asleep = asyncio.create_task(lonely.value(LONG_SLEEP))
        await asyncio.sleep(0.1)
        asleep.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asleep

        assert await lonely.value(COUNT_TENANTS, tenant_id="default") == 0

    async def test_a_cancelled_transaction_leaves_nothing(self, lonely: PostgresDatabase) -> None:
        async def write_and_sleep() -> None:
            async with lonely.transaction("default") as tx:
                await tx.value(LONG_SLEEP)

        writing = asyncio.create_task(write_and_sleep())
        await asyncio.sleep(0.1)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

        async with lonely.transaction("default") as tx:
            assert await tx.value(COUNT_TENANTS, tenant_id="default") == 0

    async def test_who_gives_up_waiting_takes_nothing_along(self, lonely: PostgresDatabase) -> None:
        """Callers that leave the queue, even as their turn comes, do not lose the connection."""
        asleep = asyncio.create_task(lonely.value(SLEEP))
        waiting = [
            asyncio.create_task(lonely.value(COUNT_TENANTS, tenant_id="default")) for _ in range(5)
        ]
        await asyncio.sleep(0.1)
        for task in waiting[:4]:
            task.cancel()
        await asleep
        waiting[4].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

        assert await lonely.value(COUNT_TENANTS, tenant_id="default") == 0

    async def test_a_lost_connection_is_replaced(self, lonely: PostgresDatabase) -> None:
        """The caller whose server went away is told; the next one finds it back."""
        with pytest.raises(DatabaseUnavailable):
            await lonely.value(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        assert await lonely.value(COUNT_TENANTS, tenant_id="default") == 0


class TestTransaction:
    async def test_a_swallowed_failure_cannot_be_committed(self, lonely: PostgresDatabase) -> None:
        """PostgreSQL answers such a COMMIT with ROLLBACK; to stay silent would lose the write."""
        insert = insert_statement(configs)
        row = {"tenant_id": "nowhere", "key": "a", "value": {}, "updated_at": datetime.now(UTC)}

        async def write_and_go_on() -> None:
            async with lonely.transaction("nowhere") as tx:
                with contextlib.suppress(ForeignKeyViolation):
                    await tx.execute(insert, **row)

        with pytest.raises(StorageError, match="had failed"):
            await write_and_go_on()
