"""RFC 9470: an application says how strongly and how lately somebody has to have signed in."""

from __future__ import annotations

import pytest

from doorward.users.tables import User
from tests.oidc.house import Browser, House, RegisteredClient, answer_of

FEDERATED = "urn:doorward:acr:federated"
PASSWORD = "urn:doorward:acr:password"


async def arrive_from_elsewhere(browser: Browser, client: RegisteredClient, user: User) -> None:
    """Sign in by another provider: no method of ours is in the session."""
    await browser.request(client)
    uid = browser.waiting()["_legacy"]
    await browser.complete(user, uid=uid, amr=())
    await browser.get(f"/oidc/auth/{uid}")


class TestTokens:
    async def test_they_say_how(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9470 section 6: acr, amr and auth_time are in ID token, JWT access token and
        introspection."""
        await house.add_resource(scopes=("read:books",))
        signed_in_at = int(house.clock.now().timestamp())
        tokens = await house.sign_in(
            web, ada, scope="openid offline_access", resource="https://books.example/api"
        )
        house.pass_time(minutes=10)
        again = (
            await house.refresh(web, tokens["refresh_token"], resource="https://books.example/api")
        ).json()

        introspected = await house.http.post(
            "/oidc/token/introspection", data={"token": tokens["access_token"]} | web.credentials
        )

        said = [
            await house.verify(tokens["id_token"], typ="jwt"),
            await house.verify(again["access_token"], typ="at+jwt"),
            introspected.json(),
        ]
        for claims in said:
            assert claims["acr"] == PASSWORD
            assert 0 <= claims["auth_time"] - signed_in_at <= 5
        assert said[0]["amr"] == ["pwd"]

    async def test_another_provider(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Another provider's word is not a password."""
        browser = house.browser()
        await arrive_from_elsewhere(browser, web, ada)

        tokens = await house.exchange(web, answer_of(await browser.request(web))["code"])

        assert (await house.verify(tokens["id_token"], typ="jwt"))["acr"] == FEDERATED

    async def test_the_value_that_was_asked_for(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """OpenID Connect Core section 3.1.2.1: the first of the wished values that was reached."""
        tokens = await house.sign_in(web, ada, acr_values=f"urn:unknown {FEDERATED} {PASSWORD}")

        assert (await house.verify(tokens["id_token"], typ="jwt"))["acr"] == FEDERATED


class TestAcr:
    async def test_strong_enough(self, house: House, web: RegisteredClient, ada: User) -> None:
        browser = house.browser()
        await browser.authorize(web, user=ada)

        assert "code" in answer_of(await browser.request(web, acr_values=PASSWORD))

    async def test_not_strong_enough(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9470 section 4.1: the person signs in again, and then it is enough."""
        browser = house.browser()
        await arrive_from_elsewhere(browser, web, ada)

        answer = await browser.request(web, acr_values=PASSWORD)
        silent = answer_of(await browser.request(web, acr_values=PASSWORD, prompt="none"))

        assert answer.headers["location"].startswith("/sign-in?")
        assert silent["error"] == "login_required"
        assert "code" in await browser.authorize(web, user=ada, acr_values=PASSWORD)

    async def test_not_reached(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9470 section 5: signed in again, but not as demanded: told, and not asked again."""
        browser = house.browser()
        await browser.request(web, acr_values=PASSWORD)
        uid = browser.waiting()["_legacy"]
        await browser.complete(ada, uid=uid, amr=())

        returned = answer_of(await browser.get(f"/oidc/auth/{uid}"))

        assert returned["error"] == "unmet_authentication_requirements"
        assert "_session_default" not in browser.http.cookies

    @pytest.mark.parametrize("value", ["phr", "phrh", "urn:doorward:acr:mfa", "phr phrh"])
    async def test_out_of_reach(self, house: House, web: RegisteredClient, value: str) -> None:
        """RFC 9470 section 5: what nobody can reach here is refused before anybody tries."""
        returned = answer_of(await house.browser().request(web, acr_values=value))

        assert returned["error"] == "unmet_authentication_requirements"

    async def test_one_of_several(self, house: House, web: RegisteredClient, ada: User) -> None:
        """One value within reach is enough."""
        assert "code" in await house.browser().authorize(
            web, user=ada, acr_values=f"phr {PASSWORD}"
        )

    @pytest.mark.parametrize("value", ["1 2", "urn:mace:incommon:iap:silver", "phr\u00e9"])
    async def test_unknown(
        self, house: House, web: RegisteredClient, ada: User, value: str
    ) -> None:
        """OpenID Connect Core section 3.1.2.1: acr_values is a wish; the token says what it got."""
        tokens = await house.sign_in(web, ada, acr_values=value)

        assert (await house.verify(tokens["id_token"], typ="jwt"))["acr"] == PASSWORD

    async def test_default_of_the_application(self, house: House, ada: User) -> None:
        """OpenID Connect Registration section 2: default_acr_values, which a request overrides."""
        client = await house.add_client(metadata={"defaultAcrValues": [PASSWORD]})
        browser = house.browser()
        await arrive_from_elsewhere(browser, await house.add_client(), ada)

        by_default = await browser.request(client)
        overridden = await browser.request(client, acr_values=FEDERATED)

        assert by_default.headers["location"].startswith("/sign-in?")
        assert "code" in answer_of(overridden)

    async def test_pushed(self, house: House, web: RegisteredClient) -> None:
        """RFC 9126 section 2.1: refused when it is pushed."""
        answer = await house.push(web, acr_values="phr")

        assert answer.json()["error"] == "unmet_authentication_requirements"

    async def test_discovery(self, house: House) -> None:
        """OpenID Connect Discovery section 3, RFC 9470 section 7: only what can be reached."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["acr_values_supported"] == [PASSWORD, FEDERATED]


class TestAge:
    async def test_default_of_the_application(self, house: House, ada: User) -> None:
        """OpenID Connect Registration section 2: default_max_age, which a request overrides."""
        client, browser = await house.add_client(metadata={"defaultMaxAge": 60}), house.browser()
        await browser.authorize(client, user=ada)
        assert "code" in answer_of(await browser.request(client))
        house.pass_time(seconds=61)

        late = await browser.request(client)
        overridden = await browser.request(client, max_age="600")

        assert late.headers["location"].startswith("/sign-in?")
        assert "code" in answer_of(overridden)

    async def test_zero_by_default(self, house: House, ada: User) -> None:
        """A default of 0 asks each time, and each time once."""
        client, browser = await house.add_client(metadata={"defaultMaxAge": 0}), house.browser()

        assert "code" in await browser.authorize(client, user=ada)
        assert (await browser.request(client)).headers["location"].startswith("/sign-in?")
        assert "code" in await browser.authorize(client, user=ada)

    async def test_auth_time(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 2: auth_time is there when max_age or require_auth_time
        asks for it; here it always is, and moves when somebody signs in again."""
        client = await house.add_client(metadata={"requireAuthTime": True})
        browser = house.browser()
        first = await house.sign_in(client, ada, browser=browser)
        house.pass_time(seconds=100)
        second = await house.sign_in(client, ada, browser=browser, max_age="50")

        times = [
            (await house.verify(tokens["id_token"], typ="jwt"))["auth_time"]
            for tokens in (first, second)
        ]
        assert 99 <= times[1] - times[0] <= 105


class TestCreate:
    """Initiating User Registration via OpenID Connect 1.0."""

    async def test_the_page(self, house: House, web: RegisteredClient) -> None:
        """Section 4.1: the person comes to the page where accounts are made."""
        answer = await house.browser().request(web, prompt="create", first_screen="sign_in")

        assert answer.headers["location"].startswith(f"/register?app_id={web.id}")

    async def test_with_a_session(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Whoever is signed in already is not taken for the new person."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.request(web, prompt="create")

        assert answer.headers["location"].startswith("/register?")

    async def test_not_with_none(self, house: House, web: RegisteredClient) -> None:
        """Section 4.1: never together with none."""
        returned = answer_of(await house.browser().request(web, prompt="none create"))

        assert returned["error"] == "invalid_request"

    async def test_closed(self, house: House, web: RegisteredClient) -> None:
        """Section 4: where nobody may make accounts the value is unknown, and not advertised."""
        await house.close_registration()

        returned = answer_of(await house.browser().request(web, prompt="create"))
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert returned["error"] == "invalid_request"
        assert "create" not in metadata["prompt_values_supported"]

    async def test_discovery(self, house: House) -> None:
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert "create" in metadata["prompt_values_supported"]
