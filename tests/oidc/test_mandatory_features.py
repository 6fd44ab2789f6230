"""OpenID Connect Core section 15.1: what every provider has to support, one after the other."""

from __future__ import annotations

import json

import jwt
import pytest

from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient, answer_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


class TestMandatory:
    async def test_rs256(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 15.1: ID tokens signed with RS256."""
        client = await house.add_client(metadata={"idTokenSignedResponseAlg": "RS256"})

        token = (await house.sign_in(client, ada))["id_token"]

        assert jwt.get_unverified_header(token)["alg"] == "RS256"
        assert (await house.verify(token, typ="jwt"))["sub"] == ada.id

    async def test_prompt(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 15.1: none shows no page, login asks whoever is there."""
        browser = house.browser()

        unknown = answer_of(await browser.request(web, prompt="none"))
        await browser.authorize(web, user=ada)
        known = answer_of(await browser.request(web, prompt="none"))
        asked = await browser.request(web, prompt="login")

        assert unknown["error"] == "login_required"
        assert "code" in known
        assert asked.headers["location"].startswith("/sign-in")

    @pytest.mark.parametrize("display", ["page", "popup", "touch", "wap"])
    async def test_display(
        self, house: House, web: RegisteredClient, ada: User, display: str
    ) -> None:
        """OpenID Connect Core section 15.1: display results in no error."""
        assert "code" in await house.browser().authorize(web, user=ada, display=display)

    @pytest.mark.parametrize("name", ["ui_locales", "claims_locales"])
    async def test_locales(self, house: House, web: RegisteredClient, ada: User, name: str) -> None:
        """OpenID Connect Core section 15.1: preferred languages, known or not, are no error."""
        for locales in ("de fr-CA", "xx-YY", "tlh"):
            assert "code" in await house.browser().authorize(web, user=ada, **{name: locales})

    async def test_auth_time(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 15.1: auth_time when it is asked for, by claim or by age, and
        the same until the person signs in again."""
        browser = house.browser()
        claim = json.dumps({"id_token": {"auth_time": {"essential": True}}})

        first = await house.sign_in(web, ada, browser=browser, claims=claim)
        house.pass_time(seconds=300)
        second = await house.sign_in(web, ada, browser=browser, max_age="3600")

        before = await house.verify(first["id_token"], typ="jwt")
        after = await house.verify(second["id_token"], typ="jwt")
        assert abs(before["auth_time"] - before["iat"]) <= 5
        assert after["auth_time"] == before["auth_time"]
        assert after["iat"] - after["auth_time"] >= 295

    async def test_max_age(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 15.1: who signed in too long ago signs in again."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        house.pass_time(seconds=300)

        assert "code" in answer_of(await browser.request(web, max_age="360"))
        too_old = await browser.request(web, max_age="240")
        assert too_old.headers["location"].startswith("/sign-in")

    async def test_acr_values(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 15.1: wished-for classes that nobody knows are no error."""
        assert "code" in await house.browser().authorize(web, user=ada, acr_values="1 urn:no:such")
