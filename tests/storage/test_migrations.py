"""Migrations build exactly the tables that the code declares."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from doorward.all_tables import metadata
from doorward.errors import ConfigurationError
from doorward.settings import Settings
from doorward.storage.migrate import migrate
from doorward.storage.migrations import HEAD


async def columns_of(url: str) -> dict[str, set[str]]:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            names = [
                r[0]
                for r in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            return {n: {r[1] for r in connection.execute(f"PRAGMA table_info({n})")} for n in names}
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema='public'"
    )
    await connection.close()
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], set()).add(row["column_name"])
    return found


async def indexes_of(url: str) -> set[str]:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            rows = connection.execute(
                "SELECT name FROM sqlite_master WHERE type='index' AND name NOT LIKE 'sqlite_%'"
            )
            return {r[0] for r in rows}
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT indexname FROM pg_indexes WHERE schemaname='public' AND indexname NOT LIKE 'pk_%'"
    )
    await connection.close()
    return {row["indexname"] for row in rows} - {"alembic_version_pkc"}


class TestMigrations:
    async def test_the_schema_is_what_the_code_declares(self, database_url: str) -> None:
        """Every table, column and index, no more and no less."""
        found = await columns_of(database_url)
        found.pop("alembic_version")

        assert found == {
            table.name: {column.name for column in table.c} for table in metadata.sorted_tables
        }
        assert await indexes_of(database_url) == {
            str(index.name) for table in metadata.sorted_tables for index in table.indexes
        }

    async def test_a_second_run_changes_nothing(self, database_url: str, tmp_path: Path) -> None:
        """Migrating an up-to-date database is a plain query."""
        assert await migrate(Settings(data_dir=tmp_path, database_url=database_url)) is False

    async def test_a_newer_database_is_not_touched(self, tmp_path: Path) -> None:
        """An old program refuses a database that a newer one has migrated."""
        settings = Settings(data_dir=tmp_path)
        await migrate(settings)
        with sqlite3.connect(settings.sqlite_path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")

        with pytest.raises(ConfigurationError, match=f"9999, newer than this program's {HEAD}"):
            await migrate(settings)
