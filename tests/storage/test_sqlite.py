"""What only SQLite has: one writer, which other processes may hold."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from doorward.storage import insert_statement
from doorward.storage.database import ALL_TENANTS
from doorward.storage.sqlite import SqliteDatabase
from doorward.storage.tenants import tenants
from doorward.tenants.tables import configs
from tests.support.databases import fresh_database
from tests.support.tenants import insert_tenant

LOG_LIMIT = 40 * 1024 * 1024


@pytest.fixture
def path(run_directory: Path, tmp_path: Path) -> Iterator[Path]:
    with fresh_database("sqlite", run=run_directory, directory=tmp_path) as url:
        yield Path(url.removeprefix("sqlite:///"))


class TestWriter:
    async def test_a_wait_for_another_process_may_be_cancelled(self, path: Path) -> None:
        """Who gives up waiting leaves a writer that the next one can use."""
        db = SqliteDatabase.open(path)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        impatient = asyncio.create_task(add_tenant(db, "impatient"))
        await asyncio.sleep(0.05)
        impatient.cancel()
        patient = asyncio.create_task(add_tenant(db, "patient"))
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        await asyncio.wait_for(patient, 5)
        await asyncio.gather(impatient, return_exceptions=True)

        assert impatient.cancelled()
        assert await db.all(select(tenants.c.id)) == [{"id": "patient"}]
        other.close()
        await db.close()

    async def test_who_stops_waiting_when_their_turn_comes(self, path: Path) -> None:
        """The one before them has left the commit to them, and is not forgotten."""
        db = SqliteDatabase.open(path)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            async with db.transaction(ALL_TENANTS) as tx:
                await insert_tenant(tx, "first")
                waiting = asyncio.create_task(add_tenant(db, "second"))
                await asyncio.sleep(0)
                # Runs after the turn was handed over, and before `waiting` does.
                loop.call_soon(waiting.cancel)
            await asyncio.wait([waiting])
            await add_tenant(db, "third")

        assert waiting.cancelled()
        assert await db.all(select(tenants.c.id)) == [{"id": "first"}, {"id": "third"}]
        await db.close()

    async def test_many_stop_waiting(self, path: Path) -> None:
        """Any of a long line, at any moment: the others get on disk, and nothing else does."""
        db = SqliteDatabase.open(path)
        tasks = [asyncio.create_task(add_tenant(db, f"t{i:03}")) for i in range(400)]
        async with asyncio.timeout(20):
            for task in tasks[::3]:
                await asyncio.sleep(0)
                task.cancel()
            await asyncio.wait(tasks)
        stored = {row["id"] for row in await db.all(select(tenants.c.id))}
        finished = {f"t{i:03}" for i, task in enumerate(tasks) if not task.cancelled()}

        assert finished >= {f"t{i:03}" for i in range(400) if i % 3}
        assert finished <= stored
        await db.close()

    async def test_full_disk(self, path: Path) -> None:
        """What SQLite undoes of a group when there is no more room, nobody is told that they have;
        afterwards everything goes on."""
        db = SqliteDatabase.open(path)
        await add_tenant(db, "writer")
        await allow_pages(db, 1)
        names = ["first", "big", "second", "third"]
        # All of them wait for a turn that comes to nothing, and make one group.
        with contextlib.suppress(LookupError):
            async with db.transaction(ALL_TENANTS):
                tasks = [
                    asyncio.create_task(
                        add_config(db, name) if name == "big" else add_tenant(db, name)
                    )
                    for name in names
                ]
                await asyncio.sleep(0)
                raise LookupError
        async with asyncio.timeout(5):
            await asyncio.wait(tasks)
        await allow_pages(db, 1_000_000)
        await add_tenant(db, "later")
        stored = {row["id"] for row in await db.all(select(tenants.c.id))}
        finished = {name for name, task in zip(names, tasks, strict=True) if not task.exception()}

        assert finished == {"second", "third"}
        assert stored == {"writer", "second", "third", "later"}
        await db.close()


class TestLog:
    """The write-ahead log, which a thread copies into the file."""

    async def test_does_not_grow_with_what_is_written(self, path: Path) -> None:
        """100 MB in one commit after the other; all of it is in the file in the end."""
        db = SqliteDatabase.open(path)
        await add_tenant(db, "writer")
        sizes = []
        for number in range(1000):
            await add_config(db, f"key-{number}")
            sizes.append(log_of(path).stat().st_size)
        await db.close()

        assert max(sizes) < LOG_LIMIT
        assert not log_of(path).exists()
        with contextlib.closing(sqlite3.connect(path)) as file:
            assert file.execute("SELECT count(*) FROM configs").fetchone() == (1000,)

    async def test_a_reader_that_stays_holds_nobody_up(self, path: Path) -> None:
        """What it still sees cannot be overwritten, so the log waits for it, and commits do not."""
        db = SqliteDatabase.open(path)
        await add_tenant(db, "writer")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM configs").fetchone() == (0,)

        for number in range(400):
            await add_config(db, f"key-{number}")
        assert log_of(path).stat().st_size > LOG_LIMIT
        assert other.execute("SELECT count(*) FROM configs").fetchone() == (0,)
        other.close()
        grown = log_of(path).stat().st_size
        for number in range(400):
            await add_config(db, f"more-{number}")

        assert log_of(path).stat().st_size < grown + 1024 * 1024
        await db.close()


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


async def allow_pages(db: SqliteDatabase, count: int) -> None:
    """Let the file grow to `count` pages; it keeps those that it has."""
    async with db.transaction(ALL_TENANTS) as tx:
        await tx.execute(text(f"PRAGMA max_page_count={count}"))


async def add_config(db: SqliteDatabase, key: str) -> None:
    async with db.transaction("writer") as tx:
        await tx.execute(
            insert_statement(configs),
            tenant_id="writer",
            key=key,
            value={"text": "x" * 100_000},
            updated_at=datetime.now(UTC),
        )


async def add_tenant(db: SqliteDatabase, tenant_id: str) -> None:
    async with db.transaction(ALL_TENANTS) as tx:
        await insert_tenant(tx, tenant_id)
