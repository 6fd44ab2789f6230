"""Fixtures of every test. What they stand on is in tests/support."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio

from tests.support.databases import KINDS, Kind, fresh_database
from tests.support.management import management_api
from tests.support.server import Server
from tests.support.stage import ready_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from doorward.storage import Database

MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 4 * 1024**3


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the screenshots of the browser tests be kept, and the conformance table be written."""
    parser.addoption("--pictures", metavar="DIR", help="keep the screenshots in this folder")
    parser.addoption(
        "--conformance-table", action="store_true", help="write docs/reference/conformance.md"
    )


def pytest_configure() -> None:
    """Put the folders of tests into memory, where there is room: a commit waits for no disk there.

    Whether a commit outlives a loss of power, no test can see; those that kill servers, and what
    the servers do, are the same on every file system.
    """
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run each behaviour on both databases, but its further values on SQLite alone.

    What a hundred malformed proofs come to does not depend on the database; tests of the storage
    layer and of stores, which do, keep all their values.
    """
    seen: set[str] = set()
    dropped = []
    for item in items:
        values = getattr(getattr(item, "callspec", None), "params", {})
        is_store = "storage" in item.path.parts or item.path.name.startswith("test_store")
        if values.get("database_kind") != "postgresql" or len(values) == 1 or is_store:
            continue
        name = item.nodeid.partition("[")[0]
        if name in seen:
            dropped.append(item)
        seen.add(name)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]


def pytest_collection_finish() -> None:
    """Let the garbage collector pass by the thousands of tests that have been collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> Kind:
    """Each database engine in turn: whoever asks for it is run on both."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def database_url(database_kind: Kind, run_directory: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database, on each engine in turn."""
    with fresh_database(database_kind, run=run_directory, directory=tmp_path) as url:
        yield url


@pytest_asyncio.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An open, fresh, migrated database, on each engine in turn."""
    from doorward.settings import Settings
    from doorward.storage import open_database

    database = await open_database(Settings(data_dir=tmp_path, database_url=database_url))
    yield database
    await database.close()


@pytest.fixture(scope="module")
def server(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server on SQLite, shared by the tests of one module."""
    directory = tmp_path_factory.mktemp("server")
    with ready_server("sqlite", run=run_directory, directory=directory) as server:
        yield server


@pytest.fixture(scope="module", params=KINDS)
def server_on_each(
    request: pytest.FixtureRequest, run_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A running server shared by the tests of one module, on each database engine in turn."""
    directory = tmp_path_factory.mktemp("server")
    with ready_server(request.param, run=run_directory, directory=directory) as server:
        yield server


@pytest.fixture(scope="module")
def api(server_on_each: Server) -> Iterator[httpx.Client]:
    """A client of the management API of tenant `default`, on each database engine in turn."""
    with management_api(server_on_each) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium.

    It lives as long as one module: Playwright keeps an event loop in this thread meanwhile, so a
    module that asks for a browser holds no async tests.
    """
    from tests.support.chromium import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of a browser profile of its own, wide and light."""
    from tests.support.chromium import fresh_context

    with fresh_context(browser) as context:
        yield context.new_page()
