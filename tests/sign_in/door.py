"""What the tests of signing in do: walk pages, speak the Experience API, change the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.support.bookstore import Bookstore, code_challenge
from tests.support.discord import DiscordApp, FakeDiscord
from tests.support.pages import Page, Visitor
from tests.support.server import Server

CHALLENGE = code_challenge("a-verifier-of-at-least-forty-three-characters-1")
SOCIAL_ONLY = {"identifiers": [], "password": False, "verify": False}


@dataclass
class Door:
    """A server with an application, a connector, and an operator's way to change things."""

    server: Server
    bookstore: Bookstore
    api: httpx.Client
    discord: FakeDiscord
    discord_app: DiscordApp
    connector_id: str
    experience: dict[str, Any]

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    def request_url(self, **parameters: str) -> str:
        """Return an authorization request of the native application."""
        return self.bookstore.authorization_url(
            self.bookstore.native,
            code_challenge=CHALLENGE,
            code_challenge_method="S256",
            **parameters,
        )

    def arrive(self, visitor: Visitor | None = None, **parameters: str) -> Page:
        """Come to the first page of a sign-in."""
        return (visitor or Visitor()).open(self.request_url(**parameters))

    def change(self, **settings: Any) -> None:
        """Change the sign-in experience."""
        answer = self.api.patch("/api/sign-in-exp", json=settings)
        assert answer.status_code == 200, answer.text

    def offer_discord(self, **settings: Any) -> None:
        """Show "Continue with Discord"."""
        self.change(socialSignInConnectorTargets=["discord"], **settings)

    def sync_profile(self, is_on: bool) -> None:
        """Let Discord's name and picture follow a user, or not."""
        path = f"/api/connectors/{self.connector_id}"
        assert self.api.patch(path, json={"syncProfile": is_on}).status_code == 200

    def add_user(self, **user: Any) -> dict[str, Any]:
        """Make a user through the management API."""
        answer = self.api.post("/api/users", json=user)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def user(self, user_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/api/users/{user_id}").json()
        return found

    def users(self) -> list[dict[str, Any]]:
        """Return everybody but the Bookstore's own reader."""
        users: list[dict[str, Any]] = self.api.get("/api/users").json()
        return [user for user in users if user["username"] != "reader0"]

    def tidy(self) -> None:
        """Put settings back and forget everybody who came."""
        kept = {"tenantId", "id"}
        self.change(**{key: value for key, value in self.experience.items() if key not in kept})
        self.sync_profile(False)
        for user in self.users():
            assert self.api.delete(f"/api/users/{user['id']}").status_code == 204

    def consent(self, page: Page, *, decision: str = "Authorize") -> str:
        """Decide on Discord's consent page, which `page` redirects to; return the callback."""
        address = page.location.replace("https://discord.com", self.discord.url)
        with Visitor() as person:
            shown = person.open(address)
            return shown.submit(button=decision).location

    def continue_with_discord(self, page: Page, *, decision: str = "Authorize") -> Page:
        """Press the button, decide at Discord, come back."""
        callback = self.consent(page.submit(button="Continue with Discord"), decision=decision)
        return page.visitor.open(callback)


class Program:
    """A page of one's own: an interaction in a browser, driven through the Experience API."""

    def __init__(self, door: Door, visitor: Visitor | None = None, **parameters: str) -> None:
        self.door = door
        self.visitor = visitor or Visitor()
        door.arrive(self.visitor, **parameters)

    def call(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        """Call /api/experience<path>."""
        url = f"{self.door.endpoint}/api/experience{path}"
        return self.visitor.client.request(method, url, json={} if body is None else body)

    def start(self, event: str = "SignIn") -> None:
        assert self.call("PUT", "", {"interactionEvent": event}).status_code == 204

    def prove(self, path: str, body: Any) -> str:
        """Verify something and return the verification id."""
        answer = self.call("POST", f"/verification/{path}", body)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["verificationId"]
        return found

    def password(self, username: str, password: str) -> dict[str, Any]:
        """Return the body of a password verification."""
        return {"identifier": {"type": "username", "value": username}, "password": password}

    def discord(self) -> str:
        """Visit Discord and return the id of the verified record."""
        path = f"social/{self.door.connector_id}"
        redirect_uri = f"{self.door.endpoint}/callback/{self.door.connector_id}"
        answer = self.call(
            "POST",
            f"/verification/{path}/authorization-uri",
            {"state": "a-state", "redirectUri": redirect_uri},
        )
        assert answer.status_code == 200, answer.text
        with Visitor() as person:
            address = answer.json()["authorizationUri"]
            page = person.open(address.replace("https://discord.com", self.door.discord.url))
            callback = page.submit(button="Authorize").location
        data = dict(parse_qsl(urlsplit(callback).query))
        return self.prove(f"{path}/verify", {"connectorData": data})

    def finish(self) -> Page:
        """Submit and follow to the application."""
        answer = self.call("POST", "/submit")
        assert answer.status_code == 200, answer.text
        return self.visitor.open(answer.json()["redirectTo"])


def check_refusal(answer: httpx.Response, status: int, code: str) -> Any:
    """The answer is this refusal; return its data."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return answer.json().get("data")
