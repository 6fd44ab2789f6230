"""Revision 0005: the keys of an older release go on, with times in place of states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

import doorward.storage
from doorward.keys.store import list_keys
from doorward.keys.timeline import KeyStatus, statuses
from doorward.kit.clock import from_milliseconds
from doorward.settings import Settings
from doorward.storage import open_database
from doorward.storage.migrate import migrate
from tests.support.databases import KINDS, Kind, empty_database

DAY = 86_400_000
BEGIN = 1_790_000_000_000
INSERT = text(
    "INSERT INTO signing_keys (tenant_id, id, algorithm, status, private_key, public_jwk, "
    "created_at) VALUES ('default', :id, 'ES256', :status, 'sealed', '{}', :created_at)"
)
TENANT = text(
    "INSERT INTO tenants (id, name, tag, is_suspended, config_version, created_at) "
    "VALUES ('default', 'default', 'development', false, 0, 0)"
)


def _as_it_was(connection: Connection) -> None:
    config = Config()
    folder = Path(doorward.storage.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    command.upgrade(config, "0004")
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL doorward.tenant = '*'"))
    connection.execute(TENANT)
    rows: list[dict[str, Any]] = [
        {"id": "oldest", "status": "Previous", "created_at": BEGIN},
        {"id": "older", "status": "Previous", "created_at": BEGIN + 10 * DAY},
        {"id": "signing", "status": "Current", "created_at": BEGIN + 20 * DAY},
    ]
    connection.execute(INSERT, rows)


@pytest.mark.parametrize("kind", KINDS)
async def test_states_become_times(kind: Kind, tmp_path: Path) -> None:
    with empty_database(kind, directory=tmp_path) as url:
        if kind == "sqlite":
            engine = create_engine(url)
            with engine.begin() as connection:
                _as_it_was(connection)
            engine.dispose()
        else:
            asynchronous = create_async_engine(url.replace("postgresql", "postgresql+asyncpg", 1))
            async with asynchronous.begin() as async_connection:
                await async_connection.run_sync(_as_it_was)
            await asynchronous.dispose()

        settings = Settings(data_dir=tmp_path, database_url=url)
        assert await migrate(settings) is True
        database = await open_database(settings)
        keys = await list_keys(database, tenant_id="default")
        await database.close()

    oldest, older, signing = keys
    assert [key.id for key in keys] == ["oldest", "older", "signing"]
    assert statuses(keys, now=from_milliseconds(BEGIN + 30 * DAY)) == {
        "oldest": KeyStatus.PREVIOUS,
        "older": KeyStatus.PREVIOUS,
        "signing": KeyStatus.CURRENT,
    }
    assert oldest.active_until == older.active_from == from_milliseconds(BEGIN + 10 * DAY)
    assert older.retires_at == from_milliseconds(BEGIN + 50 * DAY)
    assert signing.active_until == from_milliseconds(BEGIN + 110 * DAY)
    assert signing.retires_at is None
    assert {key.key_set for key in keys} == {"default"}
