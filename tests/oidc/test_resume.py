"""Coming back from the sign-in pages: once, in the same browser, and nothing left behind."""

from __future__ import annotations

import asyncio

from doorward.interactions.store import LIFETIME
from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient, answer_of


class TestResume:
    async def test_the_session_begins(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A cookie for 14 days, unreadable to scripts; only its hash is stored."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)

        answer = await browser.get(f"/oidc/auth/{uid}")

        cookies = answer.headers.get_list("set-cookie")
        (session,) = [cookie for cookie in cookies if cookie.startswith("_session_default=")]
        assert "Max-Age=1209600" in session
        assert "HttpOnly" in session
        assert "SameSite=Lax" in session
        assert web.id not in browser.waiting()

    async def test_once(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A finished sign-in cannot be played again; the browser is told that it is over."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        cookie = browser.http.cookies["_interaction_default"]
        await browser.complete(ada, uid=uid)
        await browser.get(f"/oidc/auth/{uid}")

        again = await house.http.get(
            f"/oidc/auth/{uid}", headers={"cookie": f"_interaction_default={cookie}"}
        )

        assert again.status_code == 400
        assert again.json()["code"] == "session.not_found"

    async def test_at_once(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Of ten simultaneous requests one gets a code."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)
        headers = {"cookie": f"_interaction_default={browser.http.cookies['_interaction_default']}"}

        answers = await asyncio.gather(
            *(house.new_http().get(f"/oidc/auth/{uid}", headers=headers) for _ in range(10))
        )

        assert sorted(answer.status_code for answer in answers) == [303] + [400] * 9

    async def test_in_another_browser(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 10.12, login CSRF: who knows the uid, but has no signed cookie of it,
        gets nothing."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)
        victim = house.browser()
        await victim.request(web)

        bare = await house.http.get(f"/oidc/auth/{uid}")
        with_own = await victim.get(f"/oidc/auth/{uid}")
        text, _, signature = victim.http.cookies["_interaction_default"].partition(".")
        other = browser.http.cookies["_interaction_default"].partition(".")[0]
        forged = await house.http.get(
            f"/oidc/auth/{uid}", headers={"cookie": f"_interaction_default={other}.{signature}"}
        )

        assert text != other
        for answer in (bare, with_own, forged):
            assert answer.status_code == 400
            assert answer.json()["code"] == "session.not_found"

    async def test_too_early(self, house: House, web: RegisteredClient) -> None:
        """Who has not signed in yet is sent back to the page."""
        browser = house.browser()
        await browser.request(web, first_screen="register")

        answer = await browser.get(f"/oidc/auth/{browser.waiting()[web.id]}")

        assert answer.headers["location"] == f"/register?app_id={web.id}"

    async def test_too_late(self, house: House, web: RegisteredClient, ada: User) -> None:
        """An authorization request waits for an hour."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)
        cookie = browser.http.cookies["_interaction_default"]
        house.clock.offset += LIFETIME

        answer = await house.http.get(
            f"/oidc/auth/{uid}", headers={"cookie": f"_interaction_default={cookie}"}
        )

        assert answer.status_code == 400
        assert answer.json()["error_description"] == "authorization request has expired"

    async def test_in_another_tenant(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User
    ) -> None:
        """The cookie of one tenant opens nothing in another."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)
        cookie = browser.http.cookies["_interaction_default"]

        answer = await admin_house.http.get(
            f"/oidc/auth/{uid}",
            headers={"cookie": f"_interaction_admin={cookie}; _interaction_default={cookie}"},
        )

        assert answer.status_code == 400

    async def test_suspended_meanwhile(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """No session begins for somebody who was suspended a moment ago."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)
        await house.change_user(ada, is_suspended=True)

        answer = await browser.get(f"/oidc/auth/{uid}")

        assert answer_of(answer)["error"] == "access_denied"
        assert "_session_default" not in browser.http.cookies

    async def test_a_new_value_at_each_sign_in(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """Session fixation: a value known before the sign-in is worth nothing after it, and the
        tokens of the session go on."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser, prompt=None)
        before = browser.http.cookies["_session_default"]

        await browser.authorize(web, user=ada, prompt="login")

        assert browser.http.cookies["_session_default"] != before
        thief = house.browser()
        thief.http.cookies.set("_session_default", before)
        assert (await thief.request(web)).headers["location"].startswith("/sign-in")
        assert await house.is_good(tokens["access_token"])

    async def test_another_person_takes_over(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """The one before is signed out of this browser: session and tokens bound to it end."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser, prompt=None)
        bob = await house.add_user("bob")

        bobs = await house.sign_in(web, bob, browser=browser, prompt="login")

        assert not await house.is_good(tokens["access_token"])
        assert (await house.userinfo(bobs["access_token"])).json()["sub"] == bob.id

    async def test_the_client_is_looked_at_again(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """What was valid when the sign-in began need not be valid at its end."""
        browser = house.browser()
        await browser.request(web)
        uid = browser.waiting()[web.id]
        await browser.complete(ada, uid=uid)

        await house.remove_client(web)
        answer = await browser.get(f"/oidc/auth/{uid}")

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_client"
