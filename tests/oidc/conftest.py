"""A house on each database, open for one test."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from doorward.app import create_app
from doorward.kit.clock import ShiftedClock
from doorward.kit.crypto import Sealer
from doorward.settings import Settings
from doorward.storage import Database
from doorward.users.tables import User
from tests.oidc.device_flow import add_device_client
from tests.oidc.house import ADMIN_ENDPOINT, House, RegisteredClient
from tests.support.client_site import ClientSite, running_site


@contextlib.asynccontextmanager
async def open_house(database: Database, settings: Settings) -> AsyncIterator[House]:
    clock = ShiftedClock()
    app = create_app(settings, clock=clock)
    await app.start()
    try:
        yield House(app, database, clock, Sealer(settings.master_key()))
    finally:
        await app.stop()


@pytest_asyncio.fixture
async def house(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """The whole application, started on a fresh database, on each engine in turn."""
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    async with open_house(database, settings) as house:
        yield house


@pytest.fixture
def site() -> Iterator[ClientSite]:
    """The web server of a client's developer, https://client.example to a `connected_house`."""
    with running_site() as site:
        yield site


@pytest_asyncio.fixture
async def connected_house(
    database_url: str, database: Database, tmp_path: Path, site: ClientSite
) -> AsyncIterator[House]:
    """A house whose outbound calls for client.example reach `site`."""
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url,
        dev_host_overrides={"client.example": site.url},
    )
    async with open_house(database, settings) as house:
        yield house


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


@pytest_asyncio.fixture
async def tv(house: House) -> RegisteredClient:
    """A native application for devices without a keyboard."""
    return await add_device_client(house)
