"""When the person is asked, and when not: prompt, max_age, id_token_hint."""

from __future__ import annotations

import pytest

from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient, answer_of


class TestPrompts:
    async def test_none(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core sections 3.1.2.1 and 3.1.2.3: prompt=none answers without any
        page."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        assert "code" in answer_of(await browser.request(web, prompt="none"))

    async def test_none_for_native(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 8252 section 8.6: a native client is not answered without anything being seen."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        native = await house.add_client("Native")

        returned = answer_of(await browser.request(native, prompt="none"))

        assert returned["error"] == "interaction_required"

    @pytest.mark.parametrize("prompt", ["login", "login consent"])
    async def test_login(self, house: House, web: RegisteredClient, ada: User, prompt: str) -> None:
        """OpenID Connect Core sections 3.1.2.1 and 3.1.2.3: prompt=login asks again, and does so
        once."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        assert (await browser.request(web, prompt=prompt)).headers["location"].startswith("/sign-")
        assert "code" in await browser.authorize(web, user=ada, prompt=prompt)

    async def test_max_age(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 3.1.2.1: an older sign-in is made anew."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        house.pass_time(seconds=600)

        assert "code" in answer_of(await browser.request(web, max_age="700"))
        for max_age in ("500", "0"):
            answer = await browser.request(web, max_age=max_age)
            assert answer.headers["location"].startswith("/sign-in")
        assert answer_of(await browser.request(web, max_age="500", prompt="none"))["error"] == (
            "login_required"
        )

    async def test_id_token_hint(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 3.1.2.1: the hint must be of the person who is signed in."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)
        bob = await house.add_user("bob")
        bobs = await house.sign_in(web, bob)
        house.pass_time(hours=2)

        same = await browser.request(web, prompt="none", id_token_hint=tokens["id_token"])
        other = await browser.request(web, prompt="none", id_token_hint=bobs["id_token"])

        assert "code" in answer_of(same), "an expired ID token is a fine hint"
        assert answer_of(other)["error"] == "login_required"

    async def test_somebody_else_signs_in(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """OpenID Connect Core sections 3.1.2.1 and 3.1.2.2: the answer must not be about another
        person than the hint."""
        bob = await house.add_user("bob")
        bobs = await house.sign_in(web, bob)

        returned = await house.browser().authorize(web, user=ada, id_token_hint=bobs["id_token"])

        assert returned["error"] == "login_required"

    async def test_hint_of_another_tenant(
        self, house: House, admin_house: House, web: RegisteredClient
    ) -> None:
        """An ID token of another tenant's key is no hint."""
        other = await admin_house.add_client()
        eve = await admin_house.add_user("eve")
        tokens = await admin_house.sign_in(other, eve)

        returned = answer_of(await house.browser().request(web, id_token_hint=tokens["id_token"]))

        assert returned["error"] == "invalid_request"
