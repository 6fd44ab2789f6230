"""The door: a running server on each database, with a Bookstore and a fake Discord before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sign_in.door import Door
from tests.support.bookstore import open_bookstore
from tests.support.databases import KINDS
from tests.support.discord import FakeDiscord, Person
from tests.support.management import management_api
from tests.support.stage import ready_server


@pytest.fixture(scope="package", params=KINDS)
def opened_door(
    request: pytest.FixtureRequest, run_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    """One server for the whole package on each database engine in turn."""
    directory = tmp_path_factory.mktemp("door")
    with (
        FakeDiscord.start() as discord,
        ready_server(
            request.param,
            run=run_directory,
            directory=directory,
            settings={"DOORWARD_DEV_HOST_OVERRIDES": discord.overrides},
        ) as server,
        management_api(server) as api,
    ):
        bookstore = open_bookstore(server)
        app = discord.register()
        config = {"clientId": app.client_id, "clientSecret": app.client_secret}
        body = {"connectorId": "discord-universal", "config": config}
        connector = api.post("/api/connectors", json=body).json()
        discord.allow_redirect(app, f"{server.endpoint}/callback/{connector['id']}")
        experience = api.get("/api/sign-in-exp").json()
        yield Door(server, bookstore, api, discord, app, connector["id"], experience)


@pytest.fixture
def door(opened_door: Door) -> Iterator[Door]:
    """The door as its owner left it; the next test finds it so again."""
    yield opened_door
    opened_door.tidy()
    opened_door.discord.faults.clear()
    opened_door.discord.person = Person()
