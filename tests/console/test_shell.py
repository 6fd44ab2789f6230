"""What all pages of the console share: search, theme, toasts, the audit log."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.console.conftest import add_discord
from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]


class TestShell:
    def test_search(self, console: Open, api: httpx.Client) -> None:
        """One search over users, applications, connectors, resources and roles."""
        add_discord(console)

        assert "Discord" in console("/search?q=disc").text
        assert "Logto Management API" in console("/search?q=management").text
        assert "Nothing found" in console("/search?q=no-such-thing-at-all").text

    def test_unknown_page(self, console: Open) -> None:
        """An address that no page has is answered within the console, with the way on."""
        page = console("/no/such/page")

        assert page.status == 404
        assert ("To the start page", "/console/get-started") in page.links

    def test_audit(self, server_on_each: Server, console: Open, api: httpx.Client) -> None:
        """Each change leaves its entry."""
        before = len(audit_keys(server_on_each))
        add_discord(console).submit(button="Delete connector")

        assert audit_keys(server_on_each)[before:] == ["Connector.Created", "Connector.Deleted"]

    def test_theme(self, console: Open) -> None:
        """The theme is remembered, and the browser comes back to where it was."""
        page = console("/users?q=x")
        form = page.form(button="Dark")
        after = page.visitor.send(
            "post",
            page.url.replace("/users?q=x", "/theme"),
            [*form.values, ("theme", "dark")],
            referer=page.url,
        )

        assert after.url == page.url
        assert 'data-theme="dark"' in after.response.text

    def test_toasts_are_ours(self, console: Open, server_on_each: Server) -> None:
        """A toast that somebody else wrote into the cookie is not shown."""
        page = console("/users")
        page.visitor.client.cookies.set(
            "_console_toast_admin", "WW91IHdvbg.AAAA", domain="localhost.local"
        )

        assert "You won" not in console("/users").text


def audit_keys(server: Server) -> list[str]:
    """Return the keys of the audit log, oldest first, read from the database itself."""
    if not server.database_url.startswith("sqlite"):
        pytest.skip("read on SQLite only")
    import sqlite3

    path = server.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("select key from audit_logs order by id")]
