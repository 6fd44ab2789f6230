"""What only SQLite has: one writer, which other processes may hold."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from doorward.storage import insert_statement
from doorward.storage.database import ALL_TENANTS
from doorward.storage.sqlite import SqliteDatabase
from doorward.storage.tenants import tenants
from tests.support.databases import fresh_database


class TestWriter:
    async def test_a_wait_for_another_process_may_be_cancelled(
        self, run_directory: Path, tmp_path: Path
    ) -> None:
        """Who gives up waiting leaves a writer that the next one can use."""
        with fresh_database("sqlite", run=run_directory, directory=tmp_path) as url:
            path = Path(url.removeprefix("sqlite:///"))
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


async def add_tenant(db: SqliteDatabase, tenant_id: str) -> None:
    async with db.transaction(ALL_TENANTS) as tx:
        await tx.execute(
            insert_statement(tenants),
            id=tenant_id,
            name=tenant_id,
            tag="development",
            is_suspended=False,
            config_version=0,
            created_at=datetime.now(UTC),
        )
