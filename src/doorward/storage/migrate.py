"""Bringing a database to the newest revision.

PostgreSQL runs under an advisory lock, so nodes that start together migrate once. SQLite
migrates inside a write transaction, which is the same thing.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doorward.errors import ConfigurationError
from doorward.settings import Settings
from doorward.storage.errors import DatabaseUnavailable, StorageError
from doorward.storage.migrations import HEAD
from doorward.storage.private_file import make_private

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOCK_ID = 0x646F6F72
_VERSION_QUERY = "SELECT version_num FROM alembic_version"


async def current_revision(settings: Settings) -> str | None:
    """Return the database's revision, or None when it is empty.

    Raises:
        ConfigurationError: the file is no SQLite database.
        DatabaseUnavailable: it cannot be reached.
    """
    if settings.is_sqlite:
        return _sqlite_revision(settings.sqlite_path)
    import asyncpg

    try:
        connection = await asyncpg.connect(settings.database_url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {error}") from error
    try:
        revision = await connection.fetchval(_VERSION_QUERY)
        return None if revision is None else str(revision)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()


async def migrate(settings: Settings) -> bool:
    """Migrate to HEAD and return whether anything changed.

    Raises:
        ConfigurationError: the database is newer than this program, or the file is none.
        DatabaseUnavailable: it cannot be reached.
        StorageError: it refuses the migration.
    """
    revision = await current_revision(settings)
    if revision == HEAD:
        return False
    if revision is not None and revision > HEAD:
        raise ConfigurationError(
            f"the database is at revision {revision}, newer than this program's {HEAD}"
        )
    from sqlalchemy.exc import DBAPIError

    try:
        if settings.is_sqlite:
            make_private(settings.sqlite_path)
            await asyncio.to_thread(_migrate_sqlite, settings.sqlite_path)
        else:
            await _migrate_postgresql(settings.database_url)
    except DBAPIError as error:
        # A full disk, a role without the right to make tables.
        raise StorageError(f"the database cannot be migrated: {error.orig}") from error
    return True


def _sqlite_revision(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
            row = connection.execute(_VERSION_QUERY).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise DatabaseUnavailable(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"{path} is not an SQLite database: {error}") from error
    return None if row is None else str(row[0])


def _migrate_sqlite(path: Path) -> None:
    from sqlalchemy import create_engine, event

    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    # SQLite's DDL is transactional, but only if the driver is kept from committing before it.
    @event.listens_for(engine, "connect")
    def _no_implicit_commit(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin_at_once(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        _upgrade(connection)
    engine.dispose()


async def _migrate_postgresql(url: str) -> None:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(_asyncpg_url(url))
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
        await connection.run_sync(_upgrade)
    await engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _asyncpg_url(url: str) -> str:
    _, _, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}"
