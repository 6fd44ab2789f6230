"""The sessions and grants of a user, in the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.support.bookstore import Bookstore, open_bookstore
from tests.support.pages import Page, Visitor
from tests.support.server import Server

Open = Callable[[str], Page]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(scope="module")
def bookstore(server_on_each: Server) -> Bookstore:
    return open_bookstore(server_on_each)


@pytest.fixture
def reader(bookstore: Bookstore, api: httpx.Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """The id of a reader who is signed in with Firefox, and the application's tokens."""
    user_id = api.get("/api/users?search=reader0").json()[0]["id"]
    with Visitor() as visitor:
        visitor.client.headers["user-agent"] = FIREFOX
        yield user_id, bookstore.sign_in(visitor, bookstore.web)
    api.delete(f"/api/users/{user_id}/sessions?revokeGrantsTarget=all")
    api.delete(f"/api/users/{user_id}/grants")


def refresh(bookstore: Bookstore, tokens: dict[str, Any]) -> int:
    """Return the status of the application's next refresh."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = httpx.post(f"{bookstore.issuer}/token", data=form | bookstore.web.credentials)
    return answer.status_code


class TestUserAccess:
    def test_listed(self, console: Open, reader: tuple[str, dict[str, Any]]) -> None:
        """Browser, address and applications of a session; the applications that have access."""
        page = console(f"/users/{reader[0]}").follow("Sessions and access")

        assert "Firefox, Linux" in page.text
        assert "127.0.0.1" in page.text
        assert page.text.count("Bookstore") >= 2
        assert "While away" in page.text

    def test_end_session(
        self,
        console: Open,
        api: httpx.Client,
        bookstore: Bookstore,
        reader: tuple[str, dict[str, Any]],
    ) -> None:
        """The session is over; what the application keeps while the user is away stays."""
        user_id, tokens = reader

        page = console(f"/users/{user_id}/sessions").submit(button="End session")

        assert "Not signed in anywhere" in page.text
        assert api.get(f"/api/users/{user_id}/sessions").json() == {"sessions": []}
        assert refresh(bookstore, tokens) == 200

    def test_revoke_access(
        self, console: Open, bookstore: Bookstore, reader: tuple[str, dict[str, Any]]
    ) -> None:
        """The tokens of a grant that is revoked are dead; the session lives on."""
        user_id, tokens = reader

        page = console(f"/users/{user_id}/sessions").submit(button="Revoke access")

        assert "No application has access" in page.text
        assert "Firefox, Linux" in page.text
        assert refresh(bookstore, tokens) == 400

    def test_sign_out_everywhere(
        self, console: Open, bookstore: Bookstore, reader: tuple[str, dict[str, Any]]
    ) -> None:
        """Sessions and access end together, also access that outlived its session."""
        user_id, tokens = reader
        console(f"/users/{user_id}/sessions").submit(button="End session")

        page = console(f"/users/{user_id}/sessions").submit(button="Sign out everywhere")

        assert "Not signed in anywhere" in page.text
        assert "No application has access" in page.text
        assert refresh(bookstore, tokens) == 400

    def test_many(
        self, console: Open, bookstore: Bookstore, reader: tuple[str, dict[str, Any]]
    ) -> None:
        """Both lists have pages of their own; signing out everywhere ends what no page shows."""
        user_id, tokens = reader
        for _ in range(20):
            with Visitor() as visitor:
                bookstore.sign_in(visitor, bookstore.web)

        page = console(f"/users/{user_id}/sessions")
        older = page.follow("Next")

        assert page.text.count("1–20 of 21") == 2
        assert "Firefox, Linux" not in page.text
        assert "Firefox, Linux" in older.text
        assert older.url.endswith(f"/users/{user_id}/sessions?page=2")
        assert "21–21 of 21" in older.text
        assert "1–20 of 21" in older.text
        far = console(f"/users/{user_id}/sessions?page=9&granted=x")
        assert "Not signed in anywhere" not in far.text
        assert "1–20 of 21" in far.text
        done = page.submit(button="Sign out everywhere")
        assert "Not signed in anywhere" in done.text
        assert "No application has access" in done.text
        assert refresh(bookstore, tokens) == 400

    def test_of_another_user(
        self, console: Open, api: httpx.Client, reader: tuple[str, dict[str, Any]]
    ) -> None:
        """A session is ended from the page of the user whom it belongs to, and from no other."""
        other = api.post("/api/users", json={"username": "stranger"}).json()["id"]
        page = console(f"/users/{reader[0]}/sessions")
        for form in page.forms:
            form.action = form.action.replace(reader[0], other)

        assert page.submit(button="End session").status == 404
        assert page.submit(button="Revoke access").status == 404

        assert len(api.get(f"/api/users/{reader[0]}/sessions").json()["sessions"]) == 1
        assert len(api.get(f"/api/users/{reader[0]}/grants").json()["grants"]) == 1
        api.delete(f"/api/users/{other}")

    def test_nobody(self, console: Open) -> None:
        assert console("/users/nobody/sessions").status == 404
