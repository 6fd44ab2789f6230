"""The personal access tokens of a user, in the console."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.support.pages import Page

Open = Callable[[str], Page]


def open_tokens(console: Open, api: httpx.Client, username: str) -> tuple[Page, str]:
    """Return the page of a new user's tokens, reached from the user's page, and the API's list."""
    user_id = api.post("/api/users", json={"username": username}).json()["id"]
    page = console(f"/users/{user_id}").follow("Personal access tokens")
    return page, f"/api/users/{user_id}/personal-access-tokens"


class TestPersonalAccessTokens:
    def test_shown_once(self, console: Open, api: httpx.Client) -> None:
        """The value is in the answer that made it, and on no page after it."""
        page, path = open_tokens(console, api, "token_maker")
        assert "No token" in page.text

        made = page.submit({"name": "nightly", "expires_in_days": "30"}, button="Add token")
        again = console(page.path.removeprefix("/console"))

        (token,) = api.get(path).json()
        assert token["name"] == "nightly"
        assert made.status == 200
        assert token["value"] in made.text
        assert "nightly" in again.text
        assert "Days left: 30" in again.text
        assert not re.search("pat_", again.response.text)

    def test_name_in_use(self, console: Open, api: httpx.Client) -> None:
        """The dialog opens again and says so; what was typed is kept."""
        page, path = open_tokens(console, api, "token_twin")
        page.submit({"name": "a/b <i>"}, button="Add token")

        refused = page.submit({"name": "a/b <i>"}, button="Add token")

        assert refused.status == 422
        assert "This user has a token of this name." in refused.text
        assert len(api.get(path).json()) == 1

    def test_bad_input(self, console: Open, api: httpx.Client) -> None:
        page, path = open_tokens(console, api, "token_fuzz")

        for fields in (
            {"name": ""},
            {"name": "x" * 257},
            {"name": "x", "expires_in_days": "99999"},
        ):
            assert page.submit(fields, button="Add token").status == 422

        assert api.get(path).json() == []

    def test_delete(self, console: Open, api: httpx.Client) -> None:
        """A token that is deleted is gone."""
        page, path = open_tokens(console, api, "token_deleter")
        page = page.submit({"name": "nightly", "expires_in_days": ""}, button="Add token")

        page = page.submit(button="Delete token")

        assert page.path.endswith("/personal-access-tokens")
        assert api.get(path).json() == []

    def test_nobody(self, console: Open) -> None:
        assert console("/users/nobody/personal-access-tokens").status == 404
