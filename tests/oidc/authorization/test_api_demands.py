"""RFC 9470: an API says how strongly and how lately whoever uses it has to have signed in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from doorward.users.tables import User
from tests.oidc.authorization.test_consent import ask, decide, make_partner
from tests.oidc.device_flow import (
    Device,
    add_device_client,
    answer,
    approve,
    open_page,
    sign_in_and_look,
)
from tests.oidc.house import Browser, House, RegisteredClient, answer_of
from tests.oidc.test_token_exchange import ACCESS, PERSONAL, exchange, personal_token

FEDERATED = "urn:doorward:acr:federated"
PASSWORD = "urn:doorward:acr:password"
BOOKS = "https://books.example/api"
VAULT = "https://vault.example/api"


async def add_vault(house: House, **demands: Any) -> None:
    """Store an API that demands a password of a minute ago, or what is said."""
    usual = {"required_acr": PASSWORD, "max_authentication_age": 60}
    await house.add_resource(VAULT, scopes=("open",), **(usual | demands))


async def arrive(
    browser: Browser, client: RegisteredClient, user: User, **params: Any
) -> httpx.Response:
    """Sign in by another provider: no method of ours is in the session."""
    await browser.request(client, **params)
    uid = browser.waiting()["_legacy"]
    await browser.complete(user, uid=uid, amr=())
    return await browser.get(f"/oidc/auth/{uid}")


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


UNMET = (400, "unmet_authentication_requirements")


class TestAuthorization:
    async def test_strong_enough(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Who signed in like that gets a token that says so, whatever the client asked for."""
        await add_vault(house)

        tokens = await house.sign_in(web, ada, resource=VAULT, acr_values=FEDERATED)
        vault = (await house.refresh(web, tokens["refresh_token"], resource=VAULT)).json()

        assert (await house.verify(tokens["id_token"], typ="jwt"))["acr"] == FEDERATED
        assert (await house.verify(vault["access_token"], typ="at+jwt"))["acr"] == PASSWORD

    async def test_too_weak(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Section 4.1: the person signs in again, as for the client's own acr_values, which do not
        lower what the API demands."""
        await add_vault(house)
        browser = house.browser()
        await arrive(browser, web, ada)

        asked = await browser.request(web, resource=VAULT, acr_values=FEDERATED)
        silent = answer_of(await browser.request(web, resource=VAULT, prompt="none"))
        elsewhere = answer_of(await browser.request(web))

        assert asked.headers["location"].startswith("/sign-in?")
        assert silent["error"] == "login_required"
        assert "code" in elsewhere
        assert "code" in await browser.authorize(web, user=ada, resource=VAULT)

    async def test_not_reached(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Section 5: signed in again, and still not as demanded."""
        await add_vault(house)

        returned = answer_of(await arrive(house.browser(), web, ada, resource=VAULT))

        assert returned["error"] == "unmet_authentication_requirements"

    async def test_out_of_reach(self, house: House, web: RegisteredClient) -> None:
        """Section 5: what nobody can reach here is refused before anybody tries; pushed, too."""
        await add_vault(house, required_acr="phr")

        returned = answer_of(await house.browser().request(web, resource=VAULT))

        assert returned["error"] == "unmet_authentication_requirements"
        assert refusal(await house.push(web, resource=VAULT)) == UNMET

    async def test_too_old(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Nor does a longer max_age of the client let an old sign-in through."""
        await add_vault(house)
        browser = house.browser()
        await browser.authorize(web, user=ada)
        house.pass_time(seconds=61)

        asked = await browser.request(web, resource=VAULT, max_age="600")

        assert asked.headers["location"].startswith("/sign-in?")
        assert "code" in answer_of(await browser.request(web, max_age="600"))

    async def test_the_strictest_of_several(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """Each of the APIs gets what it demands."""
        await add_vault(house, max_authentication_age=600)
        await house.add_resource(BOOKS, max_authentication_age=60, required_acr=FEDERATED)
        browser = house.browser()
        await arrive(browser, web, ada)

        weak = await browser.request(web, resource=[VAULT, BOOKS])
        await browser.authorize(web, user=ada, resource=VAULT)
        house.pass_time(seconds=61)
        old = await browser.request(web, resource=[VAULT, BOOKS])

        assert weak.headers["location"].startswith("/sign-in?")
        assert old.headers["location"].startswith("/sign-in?")
        assert "code" in answer_of(await browser.request(web, resource=VAULT))

    async def test_a_consent_page_that_lay_open(self, house: House, ada: User) -> None:
        """A third party's person thought for longer than the API lets a sign-in be old: they sign
        in once more, and what they allowed is remembered."""
        await add_vault(house, max_authentication_age=90)
        partner, browser = await make_partner(house), house.browser()
        page = await ask(browser, partner, ada, resource=VAULT, prompt=None)
        house.pass_time(seconds=91)

        late = await decide(browser, page, "allow")
        uid, again = browser.waiting()[partner.id], house.clock.seconds()
        await browser.complete(ada, uid=uid)
        tokens = await house.exchange(
            partner, answer_of(await browser.get(f"/oidc/auth/{uid}"))["code"], resource=VAULT
        )

        assert late.headers["location"].startswith("/sign-in?")
        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert claims["auth_time"] >= again

    @pytest.mark.parametrize(("age", "thought_for"), [(90, 70), (1, 30)])
    async def test_a_consent_page_that_was_read(
        self, house: House, ada: User, age: int, thought_for: int
    ) -> None:
        """Within that time they are not asked again, nor within the minute that reading takes."""
        await add_vault(house, max_authentication_age=age)
        partner, browser = await make_partner(house), house.browser()
        page = await ask(browser, partner, ada, resource=VAULT)
        house.pass_time(seconds=thought_for)

        assert "code" in answer_of(await decide(browser, page, "allow"))

    async def test_default_resource(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A client that names no API asks for the default one."""
        await add_vault(house, is_default=True)
        browser = house.browser()

        returned = answer_of(await arrive(browser, web, ada))

        assert returned["error"] == "unmet_authentication_requirements"


class TestTokens:
    async def test_refresh(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A session that has grown old makes no more tokens for the API, until its person signs in
        again; the refresh token stays good for the rest."""
        await add_vault(house)
        await house.add_resource(BOOKS)
        tokens = await house.sign_in(web, ada, resource=[VAULT, BOOKS])
        token = tokens["refresh_token"]

        soon = await house.refresh(web, token, resource=VAULT)
        house.pass_time(seconds=61)
        late = await house.refresh(web, token, resource=VAULT)

        assert soon.status_code == 200
        assert refusal(late) == UNMET
        assert (await house.refresh(web, token, resource=BOOKS)).status_code == 200

    async def test_an_api_that_became_stricter(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """What was granted before is judged by what the API demands now."""
        await house.add_resource(VAULT, scopes=("open",))
        tokens = await house.sign_in(web, ada, resource=VAULT)
        api = await house.management()
        (resource,) = [
            one for one in (await api.get("/api/resources")).json() if one["indicator"] == VAULT
        ]

        await api.patch(f"/api/resources/{resource['id']}", json={"requiredAcr": "phr"})

        assert refusal(await house.refresh(web, tokens["refresh_token"], resource=VAULT)) == UNMET

    async def test_a_code_that_waited(self, house: House, web: RegisteredClient, ada: User) -> None:
        """The age was judged when the person was there; the code's own minute does not count."""
        await add_vault(house)
        browser = house.browser()
        await browser.authorize(web, user=ada)
        house.pass_time(seconds=50)
        code = answer_of(await browser.request(web, resource=VAULT, scope="open"))["code"]
        house.pass_time(seconds=30)

        tokens = await house.exchange(web, code)

        assert (await house.verify(tokens["access_token"], typ="at+jwt"))["aud"] == VAULT

    async def test_exchange(self, house: House, ada: User) -> None:
        """RFC 8693 section 2.2.2: nobody signed in for a personal access token, and an exchange is
        no way around a sign-in that is too old."""
        await add_vault(house)
        client = await house.add_client(allowTokenExchange=True)
        tokens = await house.sign_in(client, ada)
        personal = await personal_token(house, ada)

        soon = await exchange(house, client, tokens["access_token"], ACCESS, resource=VAULT)
        house.pass_time(seconds=61)
        late = await exchange(house, client, tokens["access_token"], ACCESS, resource=VAULT)

        assert soon.status_code == 200
        assert refusal(late) == (400, "invalid_target")
        assert refusal(await exchange(house, client, personal, PERSONAL, resource=VAULT)) == (
            400,
            "invalid_target",
        )

    async def test_machines(self, house: House) -> None:
        """Nobody signs in for a machine: its roles alone say what it may do."""
        await add_vault(house)
        machine = await house.add_client("MachineToMachine", redirect_uris=())

        tokens = await house.token(
            {"grant_type": "client_credentials", "resource": VAULT} | machine.credentials
        )

        claims = await house.verify(tokens.json()["access_token"], typ="at+jwt")
        assert "acr" not in claims


class TestDevices:
    async def test_sign_in_again(self, house: House, ada: User) -> None:
        """The person signs in, as strongly and as lately as the API demands, and the device gets
        its token."""
        await add_vault(house)
        client, browser = await add_device_client(house), house.browser()
        await browser.authorize(await house.add_client(), user=ada)
        house.pass_time(seconds=61)
        device = await Device.start(house, client, resource=VAULT, scope="open")

        asked = await open_page(browser, device.user_code)
        await approve(browser, device, user=ada)
        tokens = (await device.poll()).json()

        assert asked.headers["location"].startswith("/sign-in?")
        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert (claims["aud"], claims["acr"]) == (VAULT, PASSWORD)

    async def test_an_answer_that_comes_too_late(self, house: House, ada: User) -> None:
        await add_vault(house)
        device = await Device.start(house, await add_device_client(house), resource=VAULT)
        browser = house.browser()
        page = await sign_in_and_look(browser, device, user=ada)
        house.pass_time(seconds=61)

        late = await answer(browser, page, "approve")

        assert late.headers["location"].startswith("/sign-in?")
        assert refusal(await device.poll()) == (400, "authorization_pending")

    async def test_too_weak(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Signed in a moment ago, but too weakly: told so, and not sent in circles; later they may
        try again."""
        await add_vault(house)
        device = await Device.start(house, await add_device_client(house), resource=VAULT)
        browser = house.browser()
        await arrive(browser, web, ada)

        page = await open_page(browser, device.user_code)
        house.pass_time(seconds=61)
        later = await open_page(browser, device.user_code)

        assert page.status_code == 400
        assert "This device needs a stronger way to sign in" in page.text
        assert later.headers["location"].startswith("/sign-in?")

    @pytest.mark.parametrize("value", ["urn:doorward:acr:mfa", "phrh"])
    async def test_out_of_reach(self, house: House, value: str) -> None:
        await add_vault(house, required_acr=value)
        client = await add_device_client(house)

        answer = await house.http.post(
            "/oidc/device/auth", data={"client_id": client.id, "resource": VAULT}
        )

        assert refusal(answer) == UNMET
