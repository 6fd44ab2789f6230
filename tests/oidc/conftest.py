"""A house on each database, open for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from doorward.app import create_app
from doorward.kit.clock import ShiftedClock
from doorward.kit.crypto import Sealer
from doorward.settings import Settings
from doorward.storage import Database
from doorward.users.tables import User
from tests.oidc.house import ADMIN_ENDPOINT, House, RegisteredClient


@pytest_asyncio.fixture
async def house(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """The whole application, started on a fresh database, on each engine in turn."""
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    clock = ShiftedClock()
    app = create_app(settings, clock=clock)
    await app.start()
    yield House(app, database, clock, Sealer(settings.master_key()))
    await app.stop()


@pytest_asyncio.fixture
async def admin_house(house: House) -> House:
    """The same application, entered through the admin tenant's endpoint."""
    return House(
        house.app, house.db, house.clock, house.sealer, tenant_id="admin", endpoint=ADMIN_ENDPOINT
    )


@pytest_asyncio.fixture
async def web(house: House) -> RegisteredClient:
    """A web application with a secret."""
    return await house.add_client()


@pytest_asyncio.fixture
async def ada(house: House) -> User:
    """Somebody with an account."""
    return await house.add_user("ada")
