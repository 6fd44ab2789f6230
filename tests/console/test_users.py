"""Users in the console, by its forms."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.support.pages import Page

Open = Callable[[str], Page]


class TestUsers:
    def make(self, console: Open, username: str) -> Page:
        return console("/users").submit(
            {"username": username, "name": "Ada Lovelace", "password": "Green-Meadow-42-calm"},
            button="Create user",
        )

    def test_create(self, console: Open, api: httpx.Client) -> None:
        """A user is made by the tenant's policies."""
        page = self.make(console, "ada")

        assert "Ada Lovelace created." in page.text
        (user,) = [u for u in api.get("/api/users").json() if u["username"] == "ada"]
        assert user["hasPassword"] is True

    @pytest.mark.parametrize(
        ("username", "password", "words"),
        [
            ("9lives", "Green-Meadow-42-calm", "digit"),
            ("bob smith", "Green-Meadow-42-calm", "letters"),
            ("bob", "short", "too short"),
            ("bob", "", "Please fill in this field."),
        ],
    )
    def test_refused(
        self, console: Open, api: httpx.Client, username: str, password: str, words: str
    ) -> None:
        """What the policies refuse stays typed, the password apart."""
        page = console("/users").submit(
            {"username": username, "password": password}, button="Create user"
        )

        assert page.status == 422
        assert words.lower() in page.text.lower()
        values = dict(page.form(holding="username").values)
        assert (values["username"], values["password"]) == (username, "")
        assert [u for u in api.get("/api/users").json() if u["username"] == username] == []

    def test_signs_in_with(self, console: Open, api: httpx.Client) -> None:
        """Who has a username and no password does not sign in with it."""
        api.post("/api/users", json={"username": "nopassword"}).raise_for_status()
        self.make(console, "haspassword")

        without, with_ = (
            re.findall(r'<span class="tag">(\w+)</span>', console(f"/users?q={name}").response.text)
            for name in ("nopassword", "haspassword")
        )

        assert (without, with_) == ([], ["Username"])

    def test_name_in_use(self, console: Open) -> None:
        """A username that is taken is refused beside its field."""
        self.make(console, "twice")

        page = self.make(console, "twice")

        assert page.status == 422

    def test_profile(self, console: Open, api: httpx.Client) -> None:
        """The profile is changed; an emptied field becomes empty."""
        page = self.make(console, "grace").submit(
            {
                "name": "",
                "primary_email": "grace@example.com",
                "primary_phone": "4915112345678",
                "avatar": "https://example.com/grace.png",
            },
            button="Save changes",
        )

        user = api.get(f"/api/users/{page.path.rpartition('/')[2]}").json()
        assert user["name"] is None
        assert user["primaryEmail"] == "grace@example.com"
        assert user["primaryPhone"] == "4915112345678"
        assert user["avatar"] == "https://example.com/grace.png"

    def test_refused_profile(self, console: Open) -> None:
        """Malformed addresses are marked, each at its field."""
        page = self.make(console, "edsger").submit(
            {"primary_email": "nope", "primary_phone": "+49", "avatar": "javascript:alert(1)"},
            button="Save changes",
        )

        assert page.status == 422
        assert "An address such as ada@example.com." in page.text
        assert "Digits only" in page.text

    def test_suspend_and_resume(self, console: Open, api: httpx.Client) -> None:
        """A user is suspended and let back in."""
        page = self.make(console, "alan")
        address = f"/api/users/{page.path.rpartition('/')[2]}"

        page = page.submit(button="Suspend")
        assert api.get(address).json()["isSuspended"] is True
        page.submit(button="Lift the suspension")

        assert api.get(address).json()["isSuspended"] is False

    def test_reset_password(self, console: Open, api: httpx.Client) -> None:
        """A new password follows the policy and then works."""
        page = self.make(console, "barbara")
        verify = f"/api/users/{page.path.rpartition('/')[2]}/password/verify"
        refused = page.submit({"password": "12345678"}, button="Reset password")
        assert refused.status == 422

        page.submit({"password": "Quiet-Forest-19-lake"}, button="Reset password")

        body = {"password": "Quiet-Forest-19-lake"}
        assert api.post(verify, json=body).status_code == 204

    def test_delete(self, console: Open, api: httpx.Client) -> None:
        """A deleted user is gone."""
        page = self.make(console, "gone")

        after = page.submit(button="Delete user")

        assert after.path == "/console/users"
        assert api.get(f"/api/users/{page.path.rpartition('/')[2]}").status_code == 404

    def test_identity(self, console: Open, api: httpx.Client) -> None:
        """A social identity is shown with name and address, and can be removed."""
        page = self.make(console, "nelly_l")
        user_id = page.path.rpartition("/")[2]
        identity = {
            "userId": "80351110224678912",
            "details": {"id": "80351110224678912", "name": "nelly", "email": "n@example.com"},
        }
        api.put(f"/api/users/{user_id}/identities/discord", json=identity).raise_for_status()

        page = console(f"/users/{user_id}")
        assert "80351110224678912" in page.text
        assert "n@example.com" in page.text
        assert "Discord" in console("/users").text
        page.submit(button="Remove")

        assert api.get(f"/api/users/{user_id}").json()["identities"] == {}

    def test_search(self, console: Open) -> None:
        """Users are found by name, address and id; a percent sign finds nothing by itself."""
        self.make(console, "searched")

        assert "searched" in console("/users?q=search").text
        assert "Nothing found" in console("/users?q=nobody-is-called-so").text
