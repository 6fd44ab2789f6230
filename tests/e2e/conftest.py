"""The stage of the browser tests: a server, a fake Discord, a browser that takes it for real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import chromium
from tests.support.discord import FakeDiscord
from tests.support.server import Server, running_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def discord() -> Iterator[FakeDiscord]:
    """A fake Discord, shared by the tests of one module."""
    with FakeDiscord.start() as discord:
        yield discord


@pytest.fixture(scope="module")
def server(discord: FakeDiscord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on its first start whose outbound calls for Discord reach the fake."""
    settings = {"DOORWARD_DEV_HOST_OVERRIDES": discord.overrides}
    with running_server(tmp_path_factory.mktemp("server"), settings=settings) as server:
        yield server


@pytest.fixture(scope="module")
def browser(discord: FakeDiscord) -> Iterator[Browser]:
    """A browser in which https://discord.com is the fake."""
    with chromium(hosts=discord.hosts) as browser:
        yield browser


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots of one module go; `--pictures DIR` keeps them."""
    kept: str | None = request.config.getoption("--pictures")
    return Path(kept) if kept else tmp_path_factory.mktemp("pictures")
