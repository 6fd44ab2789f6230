"""Configuration snapshots: cheap to read, never long behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

from doorward.settings import Settings
from doorward.storage import Database, Snapshots, config_changed, open_database
from doorward.storage.database import ALL_TENANTS
from tests.support.tenants import insert_tenant


async def create_tenant(db: Database) -> None:
    async with db.transaction(ALL_TENANTS) as tx:
        await insert_tenant(tx, "default")


class TestSnapshots:
    async def test_an_entry_is_loaded_once_per_version(self, database: Database) -> None:
        """The loader runs again only after a configuration change."""
        await create_tenant(database)
        snapshots = Snapshots(database)
        loads: list[int] = []

        async def load() -> str:
            loads.append(1)
            return "value"

        for _ in range(3):
            await (await snapshots.current("default")).get("key", load)
        async with database.transaction("default") as tx:
            await config_changed(tx, "default")
        await (await snapshots.current("default")).get("key", load)

        assert len(loads) == 2

    async def test_an_unknown_thing_is_asked_for_each_time(self, database: Database) -> None:
        """None is not cached: random ids cannot fill the memory."""
        await create_tenant(database)
        snapshots = Snapshots(database)
        loads: list[int] = []

        async def load() -> None:
            loads.append(1)

        for _ in range(3):
            await (await snapshots.current("default")).get("key", load)

        assert len(loads) == 3

    async def test_another_node_sees_a_change_within_a_second(
        self, database: Database, database_url: str, tmp_path: Path
    ) -> None:
        """A second connection to the same database drops its snapshot in time."""
        await create_tenant(database)
        other = await open_database(Settings(data_dir=tmp_path, database_url=database_url))
        try:
            snapshots = Snapshots(other)
            before = await snapshots.current("default")

            async with database.transaction("default") as tx:
                await config_changed(tx, "default")
            await asyncio.sleep(1.0)
            after = await snapshots.current("default")

            assert before.version == 0
            assert after.version == 1
        finally:
            await other.close()
