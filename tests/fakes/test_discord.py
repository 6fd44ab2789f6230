"""The fake Discord answers as Discord documents; what the tests build on is tested itself."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.chromium import chromium, fresh_context
from tests.support.discord import DiscordApp, FakeDiscord, Fault, Person
from tests.support.pages import Visitor

CALLBACK = "http://door.test/callback/abc"


@pytest.fixture
def discord() -> Iterator[FakeDiscord]:
    with FakeDiscord.start() as discord:
        yield discord


@pytest.fixture
def app(discord: FakeDiscord) -> DiscordApp:
    return discord.register(CALLBACK)


def authorize_url(discord: FakeDiscord, app: DiscordApp, **changes: str) -> str:
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "scope": "identify email",
        "state": "s-1",
    } | changes
    return str(httpx.URL(f"{discord.url}/oauth2/authorize", params=query))


def decide(discord: FakeDiscord, app: DiscordApp, button: str, **changes: str) -> dict[str, str]:
    with Visitor() as visitor:
        page = visitor.open(authorize_url(discord, app, **changes)).submit(button=button)
    return {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}


def exchange(
    discord: FakeDiscord, app: DiscordApp, code: str, **changes: str | None
) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "code": code,
        "redirect_uri": CALLBACK,
    } | changes
    return httpx.post(f"{discord.url}/api/v10/oauth2/token", data=form)


def read_user(discord: FakeDiscord, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{discord.url}/api/v10/users/@me", headers=headers)


def sign_in(discord: FakeDiscord, app: DiscordApp, **changes: str) -> httpx.Response:
    code = decide(discord, app, "Authorize", **changes)["code"]
    return read_user(discord, exchange(discord, app, code).json()["access_token"])


class TestConsent:
    def test_gives_a_code_and_the_state_back(self, discord: FakeDiscord, app: DiscordApp) -> None:
        answer = decide(discord, app, "Authorize")

        assert answer.keys() == {"code", "state"}
        assert answer["state"] == "s-1"

    def test_cancelling_says_access_denied(self, discord: FakeDiscord, app: DiscordApp) -> None:
        assert decide(discord, app, "Cancel") == {
            "error": "access_denied",
            "error_description": "The resource owner or authorization server denied the request",
            "state": "s-1",
        }

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"client_id": "1"}, "Unknown Application"),
            ({"redirect_uri": "http://evil.test/"}, "Invalid OAuth2 redirect_uri"),
            ({"scope": "everything"}, "Invalid scope"),
            ({"response_type": "token"}, "Unsupported response_type"),
        ],
    )
    def test_shows_a_page_instead_of_redirecting_to_a_stranger(
        self, discord: FakeDiscord, app: DiscordApp, changes: dict[str, str], problem: str
    ) -> None:
        with Visitor() as visitor:
            page = visitor.open(authorize_url(discord, app, **changes))

        assert page.status == 400
        assert problem in page.text

    def test_prompt_none_skips_what_was_agreed_to(
        self, discord: FakeDiscord, app: DiscordApp
    ) -> None:
        url = authorize_url(discord, app, prompt="none")
        with Visitor() as visitor:
            assert visitor.open(url).forms

            visitor.open(url).submit(button="Authorize")

            assert "code=" in visitor.open(url).location


class TestToken:
    def test_a_code_works_once(self, discord: FakeDiscord, app: DiscordApp) -> None:
        code = decide(discord, app, "Authorize")["code"]

        first, second = exchange(discord, app, code), exchange(discord, app, code)

        assert first.status_code == 200
        assert first.json().keys() == {
            "token_type",
            "access_token",
            "expires_in",
            "refresh_token",
            "scope",
        }
        assert (second.status_code, second.json()) == (
            400,
            {"error": "invalid_grant", "error_description": 'Invalid "code" in request.'},
        )

    def test_a_code_grows_old(self, discord: FakeDiscord, app: DiscordApp) -> None:
        discord.faults.add(Fault.EXPIRED_CODE)
        code = decide(discord, app, "Authorize")["code"]

        answer = exchange(discord, app, code)

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    def test_a_code_belongs_to_its_client(self, discord: FakeDiscord, app: DiscordApp) -> None:
        other = discord.register(CALLBACK)
        code = decide(discord, app, "Authorize")["code"]

        answer = exchange(discord, other, code)

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    def test_a_wrong_secret_is_an_invalid_client(
        self, discord: FakeDiscord, app: DiscordApp
    ) -> None:
        code = decide(discord, app, "Authorize")["code"]

        answer = exchange(discord, app, code, client_secret="wrong")

        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})

    def test_the_redirect_uri_is_repeated(self, discord: FakeDiscord, app: DiscordApp) -> None:
        code = decide(discord, app, "Authorize")["code"]

        answer = exchange(discord, app, code, redirect_uri="http://door.test/other")

        assert answer.status_code == 400
        assert answer.json()["error_description"] == 'Invalid "redirect_uri" in request.'

    def test_reads_forms_only(self, discord: FakeDiscord, app: DiscordApp) -> None:
        """Discord's token endpoint takes application/x-www-form-urlencoded and nothing else."""
        code = decide(discord, app, "Authorize")["code"]
        body = {"grant_type": "authorization_code", "code": code, "client_id": app.client_id}

        answer = httpx.post(f"{discord.url}/api/v10/oauth2/token", json=body)

        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")

    def test_takes_the_client_from_basic_authentication_too(
        self, discord: FakeDiscord, app: DiscordApp
    ) -> None:
        code = decide(discord, app, "Authorize")["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}

        answer = httpx.post(
            f"{discord.url}/api/v10/oauth2/token",
            data=form,
            auth=(app.client_id, app.client_secret),
        )

        assert answer.status_code == 200

    def test_checks_the_verifier_of_a_challenge(
        self, discord: FakeDiscord, app: DiscordApp
    ) -> None:
        """The challenge is the one of RFC 7636 appendix B."""
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        method = {"code_challenge": challenge, "code_challenge_method": "S256"}
        first = decide(discord, app, "Authorize", **method)["code"]
        second = decide(discord, app, "Authorize", **method)["code"]

        assert exchange(discord, app, first).status_code == 400
        assert exchange(discord, app, second, code_verifier=verifier).status_code == 200

    def test_refreshes_once_for_each_refresh_token(
        self, discord: FakeDiscord, app: DiscordApp
    ) -> None:
        code = decide(discord, app, "Authorize")["code"]
        refresh = exchange(discord, app, code).json()["refresh_token"]
        again = {"grant_type": "refresh_token", "refresh_token": refresh}

        first = exchange(discord, app, "", **again)
        second = exchange(discord, app, "", **again)

        assert (first.status_code, second.status_code) == (200, 400)
        assert read_user(discord, first.json()["access_token"]).status_code == 200

    def test_says_when_to_come_back(self, discord: FakeDiscord, app: DiscordApp) -> None:
        discord.faults.add(Fault.RATE_LIMITED)

        answer = exchange(discord, app, "any")

        assert (answer.status_code, answer.headers["retry-after"]) == (429, "65")
        assert answer.json() == {
            "message": "You are being rate limited.",
            "retry_after": 64.57,
            "global": False,
        }


class TestUser:
    def test_shows_the_account(self, discord: FakeDiscord, app: DiscordApp) -> None:
        user = sign_in(discord, app).json()

        assert user["id"] == "80351110224678912"
        assert (user["username"], user["discriminator"]) == ("nelly", "0")
        assert (user["global_name"], user["locale"]) == ("Nelly", "en-US")
        assert (user["email"], user["verified"]) == ("nelly@example.com", True)

    def test_keeps_the_address_without_the_scope(
        self, discord: FakeDiscord, app: DiscordApp
    ) -> None:
        user = sign_in(discord, app, scope="identify").json()

        assert "email" not in user
        assert "verified" not in user

    def test_an_account_may_lack_an_address(self, discord: FakeDiscord, app: DiscordApp) -> None:
        discord.person = Person(email=None, verified=False)

        user = sign_in(discord, app).json()

        assert (user["email"], user["verified"]) == (None, False)

    def test_refuses_a_token_it_does_not_know(self, discord: FakeDiscord) -> None:
        answer = read_user(discord, "unknown")

        assert answer.status_code == 401
        assert answer.json() == {"message": "401: Unauthorized", "code": 0}

    @pytest.mark.parametrize(
        ("fault", "status"), [(Fault.UNAUTHORIZED, 401), (Fault.RATE_LIMITED_USER, 429)]
    )
    def test_fails_as_told(
        self, discord: FakeDiscord, app: DiscordApp, fault: Fault, status: int
    ) -> None:
        discord.faults.add(fault)

        assert sign_in(discord, app).status_code == status

    def test_serves_avatars(self, discord: FakeDiscord) -> None:
        """Animated avatars, and only they, exist as GIF."""
        still = f"{discord.url}/avatars/80351110224678912/8342729096ea3675442027381ff50dfe"
        assert httpx.get(f"{still}.png").headers["content-type"] == "image/png"
        assert httpx.get(f"{still}.gif").status_code == 404

        discord.person = Person(avatar="a_1")

        moving = f"{discord.url}/avatars/80351110224678912/a_1.gif"
        assert httpx.get(moving).headers["content-type"] == "image/gif"


@pytest.mark.browser
class TestInTheBrowser:
    def test_stands_in_for_the_real_host(self, discord: FakeDiscord, app: DiscordApp) -> None:
        """The browser is at https://discord.com, certificate and all; other hosts do not exist."""
        with chromium(hosts=discord.hosts) as browser, fresh_context(browser) as context:
            page = context.new_page()
            real = authorize_url(discord, app).replace(discord.url, "https://discord.com")

            page.goto(real)

            expect(page.get_by_role("heading")).to_have_text(
                "Bookstore wants to access your Discord account"
            )
            assert page.url.startswith("https://discord.com/oauth2/authorize?")
