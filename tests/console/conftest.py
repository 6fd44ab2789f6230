"""Administrators at the console of a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.management import management_api
from tests.support.pages import Page, Visitor
from tests.support.server import Server

ADMINISTRATOR = ("admin", "Blue-Harbour-77-quiet")


@pytest.fixture
def enter(server_on_each: Server) -> Iterator[Callable[..., Visitor]]:
    """Sign in to the console: `enter()` as the administrator, made at the first call."""
    visitors: list[Visitor] = []

    def sign_in(name: str = ADMINISTRATOR[0], password: str = ADMINISTRATOR[1]) -> Visitor:
        visitor = Visitor()
        visitors.append(visitor)
        page = visitor.open(f"{server_on_each.admin_endpoint}/console")
        if page.path == "/console/welcome":
            page = page.follow("Create the first administrator")
            page = page.submit({"username": name, "password": password})
        else:
            page = page.submit({"identifier": name, "password": password})
        assert page.path == "/console/get-started", page
        return visitor

    yield sign_in
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def console(server_on_each: Server, enter: Callable[..., Visitor]) -> Callable[[str], Page]:
    """Open a page of the console as the administrator: `console("/applications")`."""
    visitor = enter()
    return lambda path: visitor.open(f"{server_on_each.admin_endpoint}/console{path}")


@pytest.fixture
def api(server_on_each: Server) -> Iterator[httpx.Client]:
    """The management API of the managed tenant; its connectors are taken away after."""
    with management_api(server_on_each) as api:
        yield api
        for connector in api.get("/api/connectors").json():
            api.delete(f"/api/connectors/{connector['id']}")


def add_discord(console: Callable[[str], Page]) -> Page:
    """Set up Discord by its form and return its settings page."""
    page = console("/connectors/social/new/discord-universal")
    return page.submit({"clientId": "157", "clientSecret": "s3cret"}, button="Save and Done")
