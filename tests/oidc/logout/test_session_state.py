"""OpenID Connect Session Management 1.0: what a client's page learns of the browser's session."""

from __future__ import annotations

import base64
import hashlib

import pytest

from doorward.oidc.logout.session_state import origin_of
from doorward.users.tables import User
from tests.oidc.house import Browser, House, RegisteredClient

COOKIE = "_session_state_default"


def is_same(browser: Browser, client: RegisteredClient, session_state: str, origin: str) -> bool:
    """Do what the script of the iframe does."""
    state = browser.http.cookies.get(COOKIE) or ""
    salt = session_state.split(".")[1]
    digest = hashlib.sha256(f"{client.id} {origin} {state} {salt}".encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return session_state == f"{expected}.{salt}"


class TestSessionState:
    async def test_unchanged_until_sign_out(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """Section 2: the value fits the browser state as long as the session lasts, silent renewal
        and signing in again included, and no longer."""
        browser = house.browser()
        answer = await browser.authorize(web, user=ada)
        state = answer["session_state"]
        tokens = await house.exchange(web, answer["code"])
        assert is_same(browser, web, state, "https://app.example")

        await browser.authorize(web, prompt="none")
        await browser.authorize(web, user=ada, prompt="login")
        assert is_same(browser, web, state, "https://app.example")

        await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])
        assert not is_same(browser, web, state, "https://app.example")

    async def test_another_user(self, house: House, web: RegisteredClient, ada: User) -> None:
        """The state changes with the user."""
        browser = house.browser()
        state = (await browser.authorize(web, user=ada))["session_state"]

        await browser.authorize(web, user=await house.add_user("eve"), prompt="login")

        assert not is_same(browser, web, state, "https://app.example")

    async def test_ended_elsewhere(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A session that an administrator ended is no longer the browser's once it asks."""
        browser = house.browser()
        state = (await browser.authorize(web, user=ada))["session_state"]
        await house.end_sessions(ada)

        answer = await browser.authorize(web, prompt="none")

        assert answer["error"] == "login_required"
        assert not is_same(browser, web, state, "https://app.example")

    async def test_bound_to_client_and_origin(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """Another site learns nothing, nor does the value tell two sites that it is one person."""
        browser, other = house.browser(), await house.add_client()
        first = (await browser.authorize(web, user=ada))["session_state"]
        second = (await browser.authorize(web, prompt=None))["session_state"]

        assert not is_same(browser, web, first, "https://evil.example")
        assert not is_same(browser, other, first, "https://app.example")
        assert first != second

    async def test_cookie(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Scripts may read the browser state, which opens nothing: it is no session token."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)

        answer = await browser.get(f"/oidc/auth/{uid}")

        cookies = {each.split("=")[0]: each for each in answer.headers.get_list("set-cookie")}
        state, session = cookies[COOKIE], cookies["_session_default"]
        assert "HttpOnly" not in state
        assert "HttpOnly" in session
        value = state.split(";")[0].removeprefix(f"{COOKIE}=")
        assert value not in session
        thief = house.browser()
        thief.http.cookies.set("_session_default", value)
        assert (await thief.authorize(web, prompt="none"))["error"] == "login_required"

    async def test_only_for_openid_and_pages(self, house: House, ada: User) -> None:
        """Without openid, and to an application without an origin, there is nothing to say."""
        web = await house.add_client()
        native = await house.add_client("Native", redirect_uris=("com.example.app://callback",))

        plain = await house.browser().authorize(web, user=ada, scope="profile", prompt=None)
        app = await house.browser().authorize(native, user=ada)

        assert "session_state" not in plain
        assert "session_state" not in app


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://app.example/callback?a=b", "https://app.example"),
        ("https://app.example:443/", "https://app.example"),
        ("https://APP.example:8443/", "https://app.example:8443"),
        ("http://[::1]:3000/cb", "http://[::1]:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("com.example:/cb", None),
    ],
)
def test_origin(uri: str, origin: str | None) -> None:
    """RFC 6454 section 6.1: as browsers spell it."""
    assert origin_of(uri) == origin


async def test_iframe(house: House) -> None:
    """Section 3.3: the page may be framed by anybody, runs our script alone, and is announced."""
    metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

    answer = await house.http.get("/oidc/session/check")

    assert metadata["check_session_iframe"] == f"{house.issuer}/session/check"
    assert answer.status_code == 200
    assert "x-frame-options" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; script-src 'self'; base-uri 'none'"
    assert f'data-cookie="{COOKIE}"' in answer.text
