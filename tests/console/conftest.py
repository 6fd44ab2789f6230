"""Administrators at the console of a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.management import management_api
from tests.support.pages import Page, Visitor
from tests.support.server import Server

ADMINISTRATOR = ("admin", "Blue-Harbour-77-quiet")


def sign_in(server: Server, name: str, password: str) -> Visitor:
    """Return a visitor who is in the console; the first one of all becomes the administrator."""
    visitor = Visitor()
    page = visitor.open(f"{server.admin_endpoint}/console")
    if page.path == "/console/welcome":
        page = page.follow("Create the first administrator")
        page = page.submit({"username": name, "password": password})
    else:
        page = page.submit({"identifier": name, "password": password})
    assert page.path == "/console/get-started", page
    return visitor


@pytest.fixture
def enter(server_on_each: Server) -> Iterator[Callable[..., Visitor]]:
    """Sign in to the console, each time as somebody new: `enter()` as the administrator."""
    visitors: list[Visitor] = []

    def enter(name: str = ADMINISTRATOR[0], password: str = ADMINISTRATOR[1]) -> Visitor:
        visitors.append(sign_in(server_on_each, name, password))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.close()


@pytest.fixture(scope="module")
def administrator(server_on_each: Server) -> Iterator[Visitor]:
    """One administrator for the tests of a module; no test signs them out."""
    with sign_in(server_on_each, *ADMINISTRATOR) as visitor:
        yield visitor


@pytest.fixture
def console(server_on_each: Server, administrator: Visitor) -> Callable[[str], Page]:
    """Open a page of the console as the administrator: `console("/applications")`."""
    return lambda path: administrator.open(f"{server_on_each.admin_endpoint}/console{path}")


@pytest.fixture(scope="module")
def management(server_on_each: Server) -> Iterator[httpx.Client]:
    """The management API of the managed tenant, with one token for the tests of a module."""
    with management_api(server_on_each) as api:
        yield api


@pytest.fixture
def api(management: httpx.Client) -> Iterator[httpx.Client]:
    """The management API of the managed tenant; its connectors are taken away after each test."""
    yield management
    for connector in management.get("/api/connectors").json():
        management.delete(f"/api/connectors/{connector['id']}")


def add_discord(console: Callable[[str], Page]) -> Page:
    """Set up Discord by its form and return its settings page."""
    page = console("/connectors/social/new/discord-universal")
    return page.submit({"clientId": "157", "clientSecret": "s3cret"}, button="Save and Done")
