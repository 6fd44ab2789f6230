"""Discord refuses, is misconfigured or answers too little: each ends on a clear page.

The person always has a way back to a sign-in that works, and nothing of the try is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.chromium import check_accessibility, fresh_context, take_screenshots
from tests.support.discord import DiscordApp, FakeDiscord, Fault, Person
from tests.support.management import management_api
from tests.support.ports import free_port
from tests.support.samples import running_sample
from tests.support.server import Server

pytestmark = pytest.mark.browser

SOCIAL_ONLY = {"identifiers": [], "password": False, "verify": False}


@dataclass
class Door:
    """The Bookstore with Discord switched on: what a test changes, and what it must not leave."""

    api: httpx.Client
    discord: FakeDiscord
    discord_app: DiscordApp
    connector_id: str
    application_url: str

    def set_secret(self, secret: str) -> None:
        """Change the connector's client secret."""
        config = {"clientId": self.discord_app.client_id, "clientSecret": secret}
        answer = self.api.patch(f"/api/connectors/{self.connector_id}", json={"config": config})
        assert answer.status_code == 200, answer.text

    def users(self) -> list[str]:
        """Return the ids of all users of the tenant."""
        return [user["id"] for user in self.api.get("/api/users").json()]

    def tidy(self) -> None:
        """Make Discord work again and forget everybody."""
        self.discord.faults.clear()
        self.discord.person = Person()
        self.set_secret(self.discord_app.client_secret)
        for id_ in self.users():
            assert self.api.delete(f"/api/users/{id_}").status_code == 204


@pytest.fixture(scope="module")
def door(
    server: Server, discord: FakeDiscord, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    port = free_port()
    home = f"http://localhost:{port}/"
    with management_api(server) as api:
        metadata = {"redirectUris": [f"{home}callback"], "postLogoutRedirectUris": [home]}
        body = {"name": "Bookstore", "type": "Traditional", "oidcClientMetadata": metadata}
        application = api.post("/api/applications", json=body).json()
        secrets = api.get(f"/api/applications/{application['id']}/secrets").json()
        app = discord.register()
        config = {"clientId": app.client_id, "clientSecret": app.client_secret}
        body = {"connectorId": "discord-universal", "config": config}
        connector = api.post("/api/connectors", json=body).json()
        discord.allow_redirect(app, f"{server.endpoint}/callback/{connector['id']}")
        experience = {"signUp": SOCIAL_ONLY, "socialSignInConnectorTargets": ["discord"]}
        answer = api.patch("/api/sign-in-exp", json=experience)
        assert answer.status_code == 200, answer.text
        environment = {
            "LOGTO_ENDPOINT": server.endpoint,
            "LOGTO_APP_ID": application["id"],
            "LOGTO_APP_SECRET": secrets[0]["value"],
        }
        directory = tmp_path_factory.mktemp("sample")
        with running_sample(
            "flask_web", port=port, directory=directory, environment=environment
        ) as sample:
            yield Door(api, discord, app, connector["id"], sample.url)


@pytest.fixture
def context(browser: Browser, door: Door) -> Iterator[BrowserContext]:
    """A person who has never been here; the next test finds everything tidy."""
    with fresh_context(browser) as context:
        yield context
    door.tidy()


def continue_with_discord(page: Page, door: Door, *, decision: str = "Authorize") -> None:
    page.goto(f"{door.application_url}/sign-in")
    page.get_by_role("button", name="Continue with Discord").click()
    page.get_by_role("button", name=decision).click()


def asked_by_server(door: Door) -> int:
    """How often Discord's API was asked; the browser loads an avatar whenever it likes."""
    return sum(request.path.startswith("/api/") for request in door.discord.requests)


def check_refusal(page: Page, door: Door, words: str, *, pictures: Path, name: str) -> None:
    """The page says what happened, is accessible, and leads back to a sign-in that is open."""
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Signing in with Discord did not work"
    )
    expect(page.get_by_text(words)).to_be_visible()
    check_accessibility(page)
    take_screenshots(page, pictures, name)

    page.get_by_role("link", name="Back to sign-in").click()

    expect(page.get_by_role("button", name="Continue with Discord")).to_be_visible()


REFUSALS: dict[str, tuple[Callable[[Door], None], str, str]] = {
    "denied": (
        lambda _: None,
        "Cancel",
        "You did not allow the access.",
    ),
    "wrong-secret": (
        lambda door: door.set_secret("not-the-secret"),
        "Authorize",
        "Discord does not accept this site's configuration.",
    ),
    "expired-code": (
        lambda door: door.discord.faults.add(Fault.EXPIRED_CODE),
        "Authorize",
        "The answer from Discord has expired or was used before.",
    ),
    "unauthorized": (
        lambda door: door.discord.faults.add(Fault.UNAUTHORIZED),
        "Authorize",
        "Discord did not confirm your identity.",
    ),
    "rate-limited": (
        lambda door: door.discord.faults.add(Fault.RATE_LIMITED),
        "Authorize",
        "Please try again in 65 seconds.",
    ),
    "rate-limited-user": (
        lambda door: door.discord.faults.add(Fault.RATE_LIMITED_USER),
        "Authorize",
        "Please try again in 65 seconds.",
    ),
    "broken": (
        lambda door: door.discord.faults.add(Fault.BROKEN),
        "Authorize",
        "Discord cannot be reached at the moment.",
    ),
}


class TestDiscordRefuses:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_ends_on_a_clear_page_and_leaves_nothing(
        self, context: BrowserContext, door: Door, pictures: Path, name: str
    ) -> None:
        """No user is made, and once Discord works the same window signs in."""
        prepare, decision, words = REFUSALS[name]
        page = context.new_page()
        prepare(door)

        continue_with_discord(page, door, decision=decision)

        check_refusal(page, door, words, pictures=pictures, name=name)
        assert door.users() == []

        door.discord.faults.clear()
        door.set_secret(door.discord_app.client_secret)
        page.get_by_role("button", name="Continue with Discord").click()
        page.get_by_role("button", name="Authorize").click()
        expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()

    def test_no_secret_of_discord_is_logged(
        self, context: BrowserContext, door: Door, server: Server
    ) -> None:
        """Neither the client secret nor a code or token of Discord reaches the server's log."""
        page = context.new_page()
        door.discord.faults.add(Fault.UNAUTHORIZED)

        continue_with_discord(page, door)

        expect(page.get_by_role("heading", level=1)).to_contain_text("Discord")
        codes = [r.form["code"] for r in door.discord.requests if "code" in r.form]
        for secret in (door.discord_app.client_secret, *codes):
            assert secret not in server.log


class TestTheCallback:
    def test_refuses_an_answer_that_was_not_asked_for(
        self, context: BrowserContext, door: Door, server: Server
    ) -> None:
        """An attacker's own code, planted in a victim's browser, signs nobody in.

        RFC 6749 section 10.12: the answer is bound to the browser that asked.
        """
        page = context.new_page()

        page.goto(f"{server.endpoint}/callback/{door.connector_id}?code=attacker&state=attacker")

        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("Authenticated", exact=True)).to_have_count(0)
        assert door.users() == []
        assert not [r for r in door.discord.requests if r.form.get("code") == "attacker"]

    def test_works_once(self, context: BrowserContext, door: Door, server: Server) -> None:
        """The callback address, opened a second time, starts nothing."""
        page = context.new_page()
        callbacks: list[str] = []
        context.on(
            "request",
            lambda request: callbacks.append(request.url) if "/callback/" in request.url else None,
        )
        continue_with_discord(page, door)
        expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()
        used = next(url for url in callbacks if url.startswith(server.endpoint))
        asked = asked_by_server(door)

        page.goto(used)

        expect(page.get_by_text("Authenticated", exact=True)).to_have_count(0)
        assert asked_by_server(door) == asked
        assert len(door.users()) == 1


class TestDiscordTellsLittle:
    @pytest.mark.parametrize(
        "person",
        [Person(id="81", email=None, verified=False), Person(id="82", verified=False)],
        ids=["no-email", "unverified-email"],
    )
    def test_an_address_that_is_not_verified_is_not_taken(
        self, context: BrowserContext, door: Door, person: Person
    ) -> None:
        """Where no address is needed the person is signed in, without one."""
        page = context.new_page()
        door.discord.person = person

        continue_with_discord(page, door)

        expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()
        (user,) = door.api.get("/api/users").json()
        assert user["identities"]["discord"]["userId"] == person.id
        assert user["primaryEmail"] is None

    def test_a_person_without_a_picture_is_welcome(
        self, context: BrowserContext, door: Door
    ) -> None:
        page = context.new_page()
        door.discord.person = Person(id="83", avatar=None, global_name=None, email="83@example.com")

        continue_with_discord(page, door)

        expect(page.get_by_text("Authenticated", exact=True)).to_be_visible()
