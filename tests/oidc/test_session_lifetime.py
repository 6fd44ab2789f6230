"""How long a session lasts: /api/configs/oidc/session, and what comes of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from doorward.users.tables import User
from tests.oidc.device_flow import Device, sign_in_and_look
from tests.oidc.house import Browser, House, RegisteredClient, answer_of

PATH = "/api/configs/oidc/session"


def max_ages(response: httpx.Response) -> dict[str, int]:
    """Return how long the cookies of an answer live, by name."""
    found: dict[str, int] = {}
    for header in response.headers.get_list("set-cookie"):
        name, _, rest = header.partition("=")
        if "Max-Age=" in rest:
            found[name] = int(rest.partition("Max-Age=")[2].partition(";")[0])
    return found


async def arrive(browser: Browser, client: RegisteredClient, user: User) -> httpx.Response:
    """Sign in and return the answer that carries the cookies."""
    await browser.request(client)
    uid = browser.waiting()["_legacy"]
    await browser.complete(user, uid=uid)
    return await browser.get(f"/oidc/auth/{uid}")


class TestConfig:
    async def test_at_first(self, house: House) -> None:
        api = await house.management()

        assert (await api.get(PATH)).json() == {"ttl": 1209600}

    async def test_change(self, house: House) -> None:
        api = await house.management()

        changed = await api.patch(PATH, json={"ttl": 3600})

        assert (changed.status_code, changed.json()) == (200, {"ttl": 3600})
        assert (await api.patch(PATH, json={})).json() == {"ttl": 3600}
        assert (await api.get(PATH)).json() == {"ttl": 3600}

    @pytest.mark.parametrize("ttl", [0, -1, 31_536_001, 1.5, "3600", None, True])
    async def test_bad_input(self, house: House, ttl: Any) -> None:
        api = await house.management()

        assert (await api.patch(PATH, json={"ttl": ttl})).status_code == 400
        assert (await api.get(PATH)).json() == {"ttl": 1209600}


class TestSession:
    async def test_two_weeks(self, house: House, web: RegisteredClient, ada: User) -> None:
        browser = house.browser()
        answer = await arrive(browser, web, ada)
        house.pass_time(days=13)

        assert 1209590 <= max_ages(answer)["_session_default"] <= 1209600
        assert "code" in answer_of(await browser.request(web, prompt="none"))
        house.pass_time(days=2)
        assert answer_of(await browser.request(web, prompt="none"))["error"] == "login_required"

    async def test_an_hour(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Session, cookie and what hangs on the session end with the hour; offline access does
        not."""
        await (await house.management()).patch(PATH, json={"ttl": 3600})
        browser = house.browser()
        answer = await arrive(browser, web, ada)
        offline = await house.exchange(web, answer_of(answer)["code"])
        online = await house.sign_in(web, ada, browser=browser, scope="openid", prompt=None)
        assert await house.is_good(online["access_token"])
        house.pass_time(minutes=61)

        silent = answer_of(await browser.request(web, prompt="none"))

        assert 3590 <= max_ages(answer)["_session_default"] <= 3600
        assert silent["error"] == "login_required"
        assert (await house.refresh(web, offline["refresh_token"])).status_code == 200
        assert not await house.is_good(online["access_token"])

    async def test_a_session_that_began_before(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """It keeps its end; signing in again begins anew."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        await (await house.management()).patch(PATH, json={"ttl": 60})
        house.pass_time(minutes=5)

        assert "code" in answer_of(await browser.request(web, prompt="none"))
        await browser.authorize(web, user=ada, prompt="login")
        house.pass_time(seconds=61)
        assert answer_of(await browser.request(web, prompt="none"))["error"] == "login_required"

    async def test_at_a_device(
        self, house: House, web: RegisteredClient, tv: RegisteredClient, ada: User
    ) -> None:
        """A person who signs in to let a device in has a session like any other."""
        await (await house.management()).patch(PATH, json={"ttl": 60})
        browser = house.browser()
        await sign_in_and_look(browser, await Device.start(house, tv), user=ada)
        assert "code" in answer_of(await browser.request(web, prompt="none"))
        house.pass_time(seconds=61)

        assert answer_of(await browser.request(web, prompt="none"))["error"] == "login_required"
