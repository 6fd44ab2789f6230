"""A server that is ready for the suite, TLS in front of it, and a suite that is played."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.conformance.suite.front import serve
from tests.conformance.suite.stand_in import StandIn, running_stand_in
from tests.conformance.suite.target import Bench, Configurations, Target, running_target
from tests.support.chromium import chromium, fresh_context
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def suite() -> Iterator[StandIn]:
    with running_stand_in() as suite:
        yield suite


@pytest.fixture(scope="session")
def bench(suite: StandIn) -> Bench:
    """A bench on this machine."""
    return Bench(suite=suite.url, host="localhost", port=free_port())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("target")


@pytest.fixture(scope="session")
def target(folder: Path, bench: Bench) -> Iterator[Target]:
    """The server, with TLS in front of it."""
    with running_target(folder, bench) as target:
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(
            serve(
                bench,
                behind=target.port,
                authorities=folder / "authorities.pem",
            )
        )
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield target
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def configurations(target: Target, folder: Path) -> Configurations:
    """The files by name."""
    return {path.name: json.loads(path.read_text()) for path in target.write(folder / "output")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # No longer than a module: its event loop is in the way of async tests.
    with chromium() as browser:
        yield browser


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A browser in which nobody is signed in. Like the suite's, it runs no scripts of ours."""
    with fresh_context(browser, java_script_enabled=False) as context:
        yield context.new_page()
