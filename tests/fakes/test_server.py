"""The ground of most tests: a real server that can be stopped, killed and started again."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from doorward.storage import Database
from tests.support.databases import KINDS, Kind, empty_database
from tests.support.server import ServerError, running_server


class TestRunningServer:
    @pytest.mark.parametrize("kind", KINDS)
    def test_starts_again_after_being_killed(self, kind: Kind, tmp_path: Path) -> None:
        """A server that died without a word starts by itself, on the same ports and data."""
        with (
            empty_database(kind, directory=tmp_path) as url,
            running_server(tmp_path, database_url=url) as server,
        ):
            server.kill()
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{server.endpoint}/healthz")

            server.start()

            assert httpx.get(f"{server.endpoint}/readyz").status_code == 200
            assert httpx.get(f"{server.admin_endpoint}/readyz").status_code == 200

    def test_stops_when_asked(self, tmp_path: Path) -> None:
        with running_server(tmp_path) as server:
            assert server.stop() == 0

    def test_shows_why_it_did_not_start(self, tmp_path: Path) -> None:
        settings = {"DOORWARD_WORKERS": "many"}

        with (
            pytest.raises(ServerError, match="DOORWARD_WORKERS"),
            running_server(tmp_path, settings=settings),
        ):
            pass


class TestFreshDatabase:
    async def test_is_migrated_and_open(self, database: Database) -> None:
        await database.check()
