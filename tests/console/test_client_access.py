"""What is demanded of sign-in requests, and self-registration, in the console."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]
PAGE = "/client-access"
REGISTRATION = "/api/configs/client-registration"
TOKENS = f"{REGISTRATION}/initial-access-tokens"


@pytest.fixture(autouse=True)
def as_at_first(api: httpx.Client) -> Iterator[None]:
    """Leave the settings as they were."""
    yield
    off = {"requirePushedAuthorizationRequests": False, "requireSignedRequestObject": False}
    api.patch("/api/configs/authorization-requests", json=off).raise_for_status()
    api.patch("/api/configs/cimd", json={"enabled": False}).raise_for_status()
    closed = {"mode": "closed", "unusedClientDays": 90, "userScopes": ["profile", "email"]}
    api.patch(REGISTRATION, json=closed).raise_for_status()
    for token in api.get(TOKENS).json():
        api.delete(f"{TOKENS}/{token['id']}").raise_for_status()
    for application in api.get("/api/applications").json():
        if application["name"] == "Registered application":
            api.delete(f"/api/applications/{application['id']}").raise_for_status()


class TestSettings:
    def test_save(self, console: Open, api: httpx.Client) -> None:
        """Each switch sets its setting; what the page does not show stays."""
        api.patch(REGISTRATION, json={"userScopes": ["email"]}).raise_for_status()

        page = console(PAGE).submit(
            {
                "require_par": "on",
                "takes_documents": "on",
                "mode": "open",
                "unused_client_days": "30",
            }
        )

        assert "Saved." in page.text
        assert api.get("/api/configs/authorization-requests").json() == {
            "requirePushedAuthorizationRequests": True,
            "requireSignedRequestObject": False,
        }
        assert api.get("/api/configs/cimd").json() == {"enabled": True}
        config = api.get(REGISTRATION).json()
        assert (config["mode"], config["unusedClientDays"]) == ("open", 30)
        assert config["userScopes"] == ["email"]

    def test_in_force(self, server_on_each: Server, console: Open) -> None:
        """The registration endpoint opens and closes with the choice."""
        client = {"redirect_uris": ["https://partner.example/cb"]}
        address = f"{server_on_each.issuer}/reg"

        console(PAGE).submit({"mode": "open"})
        opened = httpx.post(address, json=client).status_code
        console(PAGE).submit({"mode": "closed"})
        closed = httpx.post(address, json=client).status_code

        assert (opened, closed) == (201, 404)

    @pytest.mark.parametrize(
        "fields", [{"mode": "everyone"}, {"unused_client_days": "-1"}, {"unused_client_days": "x"}]
    )
    def test_refused(self, console: Open, api: httpx.Client, fields: dict[str, str]) -> None:
        """Nothing is saved, and what was typed is kept."""
        page = console(PAGE).submit({**fields, "require_signed": "on"})

        assert page.status == 422
        assert ("require_signed", "on") in page.form(holding="mode").values
        policy = api.get("/api/configs/authorization-requests").json()
        assert policy["requireSignedRequestObject"] is False
        assert api.get(REGISTRATION).json()["mode"] == "closed"


class TestInitialAccessTokens:
    def test_shown_once_and_good(
        self, server_on_each: Server, console: Open, api: httpx.Client
    ) -> None:
        """The value is in the answer that made it alone, and registers as many clients as said."""
        console(PAGE).submit({"mode": "initialAccessToken"})

        made = console(PAGE).submit({"name": "partner", "uses": "1"}, button="Add token")

        (value,) = set(re.findall(r"iat_[\w-]{43}", made.text))
        assert value not in console(PAGE).response.text
        register = {
            "url": f"{server_on_each.issuer}/reg",
            "headers": {"authorization": f"Bearer {value}"},
            "json": {"redirect_uris": ["https://partner.example/cb"]},
        }
        assert httpx.post(**register).status_code == 201  # type: ignore[arg-type]
        assert httpx.post(**register).status_code == 401  # type: ignore[arg-type]

    def test_any_number(self, console: Open, api: httpx.Client) -> None:
        """Without a number it is good for any; without an end, for good."""
        fields = {"name": "house", "uses": "", "expires_in_days": ""}
        page = console(PAGE).submit(fields, button="Add token")

        (token,) = api.get(TOKENS).json()
        assert "Any number" in page.text
        assert (token["remainingUses"], token["expiresAt"]) == (None, None)

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": ""},
            {"name": "x" * 257},
            {"name": "x", "uses": "0"},
            {"name": "x", "uses": "many"},
            {"name": "x", "expires_in_days": "99999"},
        ],
    )
    def test_refused(self, console: Open, api: httpx.Client, fields: dict[str, str]) -> None:
        assert console(PAGE).submit(fields, button="Add token").status == 422
        assert api.get(TOKENS).json() == []

    def test_delete(self, console: Open, api: httpx.Client) -> None:
        """A token that is deleted is gone; one that is not there is not found."""
        page = console(PAGE).submit({"name": "partner"}, button="Add token")

        gone = page.submit(button="Delete token")

        assert "Removed." in gone.text
        assert api.get(TOKENS).json() == []
        assert page.submit(button="Delete token").status == 404
