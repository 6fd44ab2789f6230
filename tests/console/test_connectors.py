"""Connectors in the console, by its forms."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.console.conftest import add_discord
from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]


class TestConnectors:
    def test_set_up(self, server_on_each: Server, console: Open, api: httpx.Client) -> None:
        """The callback URL on the form is the one that the connector then has."""
        page = console("/connectors/social/new/discord-universal")
        prefix = re.escape(f"{server_on_each.endpoint}/callback/")
        shown = re.search(rf"{prefix}([a-z0-9]{{12}})", page.text)
        assert shown
        assert "Discord Developer Portal" in page.text

        page = page.submit({"clientId": "157", "clientSecret": "s3cret"}, button="Save and Done")

        assert page.path == f"/console/connectors/{shown[1]}"
        connector = api.get(f"/api/connectors/{shown[1]}").json()
        assert connector["config"] == {"clientId": "157", "clientSecret": "s3cret"}

    def test_address_stays(self, server_on_each: Server, console: Open, api: httpx.Client) -> None:
        """The callback URL that was registered at Discord is still the one after a reload."""
        pattern = re.escape(f"{server_on_each.endpoint}/callback/") + r"[a-z0-9]{12}"
        shown = [
            re.findall(pattern, console("/connectors/social/new/discord-universal").text)
            for _ in range(2)
        ]

        page = add_discord(console)

        assert shown[0] == shown[1] == re.findall(pattern, page.text)

    def test_incomplete(self, console: Open, api: httpx.Client) -> None:
        """A missing secret is marked; id, callback URL and what was typed stay the same."""
        page = console("/connectors/social/new/discord-universal")
        before = re.findall(r"/callback/[a-z0-9]{12}", page.text)

        page = page.submit({"clientId": "157", "clientSecret": " "})

        values = dict(page.form(holding="clientId").values)
        assert page.status == 422
        assert "Please fill in this field." in page.text
        assert values["clientId"] == "157"
        assert re.findall(r"/callback/[a-z0-9]{12}", page.text) == before
        assert api.get("/api/connectors").json() == []

    def test_invented_id(self, console: Open, api: httpx.Client) -> None:
        """An id that a changed form brings is not taken."""
        page = console("/connectors/social/new/discord-universal")
        page.form(holding="clientId").names.add("connector_id")
        page.submit({"clientId": "1", "clientSecret": "2", "connector_id": "../../users"})

        (connector,) = api.get("/api/connectors").json()
        assert re.fullmatch(r"[a-z0-9]{12}", connector["id"])

    def test_second(self, console: Open, api: httpx.Client) -> None:
        """Discord is there once: setting it up again opens what is there."""
        first = add_discord(console)

        assert console("/connectors/social/new/discord-universal").url == first.url

    def test_change_and_delete(self, console: Open, api: httpx.Client) -> None:
        """Settings are changed; deleting takes the button from the sign-in page too."""
        page = add_discord(console)
        page = page.submit({"scope": "identify", "sync_profile": "on"}, button="Save changes")
        (connector,) = api.get("/api/connectors").json()
        assert connector["config"]["scope"] == "identify"
        assert connector["syncProfile"] is True
        api.patch("/api/sign-in-exp", json={"socialSignInConnectorTargets": ["discord"]})

        page = console(f"/connectors/{connector['id']}").submit(button="Delete connector")

        assert page.path == "/console/connectors"
        assert api.get("/api/sign-in-exp").json()["socialSignInConnectorTargets"] == []

    def test_unknown(self, console: Open) -> None:
        """Unknown connectors and providers are pages that say so."""
        assert console("/connectors/unknown12345").status == 404
        assert console("/connectors/social/new/myspace-web").status == 404
