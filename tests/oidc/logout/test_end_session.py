"""Signing out: asked for by the person or proved by the client, and where it leads."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from doorward.users.tables import User
from tests.oidc.house import SIGNED_OUT, Browser, House, RegisteredClient

HTML = {"accept": "text/html"}


def hidden(text: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))


async def is_signed_in(browser: Browser, client: RegisteredClient) -> bool:
    answer = await browser.request(client, prompt=None)
    return "code=" in answer.headers["location"]


class TestPage:
    async def test_asks_then_ends_both_sessions(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RP-Initiated Logout section 2: the person is asked; then the session is over, tokens
        bound to it are, and the browser is back at the client with its state."""
        browser = house.browser()
        bound = await house.sign_in(web, ada, browser=browser, prompt=None)
        offline = await house.sign_in(web, ada, browser=browser)

        asked = await browser.get(
            "/oidc/session/end",
            client_id=web.id,
            post_logout_redirect_uri=SIGNED_OUT,
            state="a state",
        )

        assert asked.status_code == 200
        assert "ada" in asked.text
        assert asked.headers["cache-control"] == "no-store"
        assert await is_signed_in(browser, web), "looking at the page changes nothing"
        answer = await browser.http.post(
            "/oidc/session/end/confirm", data=hidden(asked.text) | {"logout": "yes"}
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == f"{SIGNED_OUT}?state=a+state"
        assert "_session_default" not in browser.http.cookies
        assert not await is_signed_in(browser, web)
        assert not await house.is_good(bound["access_token"])
        assert await house.is_good(offline["access_token"])
        assert (await house.refresh(web, offline["refresh_token"])).status_code == 200

    async def test_staying(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Who does not want to is left signed in."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        asked = await browser.get("/oidc/session/end", client_id=web.id)

        answer = await browser.http.post("/oidc/session/end/confirm", data=hidden(asked.text))
        last = await browser.http.get(answer.headers["location"])

        assert "You are still signed in" in last.text
        assert await is_signed_in(browser, web)

    async def test_post(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RP-Initiated Logout section 2: the endpoint takes GET and POST."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.http.post("/oidc/session/end", data={"client_id": web.id})

        assert answer.status_code == 200
        assert "logout" in answer.text

    async def test_nowhere_to_go(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Without an address there is a page that says it is done."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        asked = await browser.get("/oidc/session/end")

        answer = await browser.http.post(
            "/oidc/session/end/confirm", data=hidden(asked.text) | {"logout": "yes"}
        )
        last = await browser.http.get(answer.headers["location"])

        assert answer.headers["location"] == "/oidc/session/end/success"
        assert "You are signed out" in last.text

    async def test_not_signed_in(self, house: House, web: RegisteredClient) -> None:
        """There is nothing to ask somebody who is not signed in."""
        answer = await house.browser().get(
            "/oidc/session/end", client_id=web.id, post_logout_redirect_uri=SIGNED_OUT
        )

        assert answer.status_code == 303
        assert answer.headers["location"] == SIGNED_OUT


class TestHint:
    async def test_of_this_session(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RP-Initiated Logout section 4: an ID token of the session at hand speaks for the person,
        an expired one too."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)
        house.pass_time(days=1)

        answer = await browser.get(
            "/oidc/session/end",
            id_token_hint=tokens["id_token"],
            post_logout_redirect_uri=SIGNED_OUT,
        )

        assert answer.headers["location"] == SIGNED_OUT
        assert not await is_signed_in(browser, web)

    async def test_of_another_session(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Logout CSRF: an attacker's own ID token does not sign the victim out without asking."""
        attackers = await house.sign_in(web, await house.add_user("eve"))
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.get("/oidc/session/end", id_token_hint=attackers["id_token"])

        assert answer.status_code == 200
        assert await is_signed_in(browser, web)

    async def test_of_another_client(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RP-Initiated Logout section 2: client_id and the hint's audience MUST match."""
        other = await house.add_client()
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)

        answer = await browser.get(
            "/oidc/session/end", id_token_hint=tokens["id_token"], client_id=other.id
        )

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert await is_signed_in(browser, web)

    @pytest.mark.parametrize("hint", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
    async def test_forged(self, house: House, hint: str) -> None:
        """RFC 8725 section 3.1: a token that is not ours, an unsigned one above all, is refused."""
        answer = await house.browser().get("/oidc/session/end", id_token_hint=hint)

        assert answer.status_code == 400


class TestRedirect:
    @pytest.mark.parametrize(
        "uri",
        [
            "https://evil.example/",
            f"{SIGNED_OUT}/",
            f"{SIGNED_OUT}?x=y",
            "https://app.example@evil.example/signed-out",
            "//evil.example/signed-out",
            "javascript:alert(1)",
        ],
    )
    async def test_unregistered(
        self, house: House, web: RegisteredClient, ada: User, uri: str
    ) -> None:
        """RP-Initiated Logout section 3: MUST NOT redirect to an address that is not registered;
        people get a page."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.http.get(
            "/oidc/session/end",
            params={"client_id": web.id, "post_logout_redirect_uri": uri},
            headers=HTML,
        )

        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "This link does not work" in answer.text
        assert await is_signed_in(browser, web)

    async def test_nobody_vouches(self, house: House, web: RegisteredClient) -> None:
        """Without a client the address is ignored, a registered one too."""
        answer = await house.browser().get("/oidc/session/end", post_logout_redirect_uri=SIGNED_OUT)

        assert answer.headers["location"] == "/oidc/session/end/success"


class TestForgery:
    async def test_forged_forms(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Logout CSRF and open redirect: a form without our signature, with another session's, or
        with another address, does nothing."""
        victim, attacker = house.browser(), house.browser()
        await victim.authorize(web, user=ada)
        await attacker.authorize(web, user=await house.add_user("eve"))
        own = hidden((await victim.get("/oidc/session/end", client_id=web.id)).text)
        attackers = hidden(
            (
                await attacker.get(
                    "/oidc/session/end", client_id=web.id, post_logout_redirect_uri=SIGNED_OUT
                )
            ).text
        )
        forms: list[dict[str, Any]] = [
            {"logout": "yes"},
            {"logout": "yes", "xsrf": "", "departure": ""},
            {"logout": "yes", "departure": own["departure"]},
            attackers | {"logout": "yes"},
            own | {"departure": attackers["departure"], "logout": "yes"},
            own | {"xsrf": own["xsrf"][:-1], "logout": "yes"},
        ]

        for form in forms:
            answer = await victim.http.post("/oidc/session/end/confirm", data=form)
            assert answer.status_code == 400
            assert "location" not in answer.headers

        assert await is_signed_in(victim, web)

    async def test_after_the_end(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A page that was left open ends nothing a second time."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        form = hidden((await browser.get("/oidc/session/end")).text) | {"logout": "yes"}
        await browser.http.post("/oidc/session/end/confirm", data=form)

        answer = await browser.http.post("/oidc/session/end/confirm", data=form)

        assert answer.status_code == 400
        assert answer.json()["code"] == "session.not_found"


class TestOddRequests:
    """RP-Initiated Logout section 2: what else a client, or somebody in its name, may send."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_hint_of_another_user(
        self, house: House, web: RegisteredClient, ada: User, method: str
    ) -> None:
        """An ID token of another user of this browser, of before, does not end this one's session:
        the person is asked."""
        browser = house.browser()
        before = await house.sign_in(web, await house.add_user("eve"), browser=browser)
        await browser.authorize(web, user=ada, prompt="login")
        params = {"id_token_hint": before["id_token"], "post_logout_redirect_uri": SIGNED_OUT}

        if method == "GET":
            answer = await browser.get("/oidc/session/end", **params)
        else:
            answer = await browser.http.post("/oidc/session/end", data=params)

        assert answer.status_code == 200
        assert "ada" in answer.text
        assert await is_signed_in(browser, web)

    async def test_hint_by_post(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Section 2: POST does what GET does."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)

        answer = await browser.http.post(
            "/oidc/session/end",
            data={
                "id_token_hint": tokens["id_token"],
                "post_logout_redirect_uri": SIGNED_OUT,
                "state": "a b&c",
            },
        )

        assert answer.headers["location"] == f"{SIGNED_OUT}?state=a+b%26c"
        assert not await is_signed_in(browser, web)

    async def test_encrypted_hint(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A hint that is a JWE, which nobody but we could have made for us, is refused."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a2V5.aXY.dGV4dA.dGFn"

        answer = await browser.get("/oidc/session/end", id_token_hint=jwe)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert await is_signed_in(browser, web)

    async def test_an_access_token_is_no_hint(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 8725 section 3.11: another kind of token of ours is not taken for an ID token."""
        await house.add_resource()
        browser = house.browser()
        tokens = await house.sign_in(
            web, ada, browser=browser, scope="offline_access", resource="https://books.example/api"
        )

        answer = await browser.get("/oidc/session/end", id_token_hint=tokens["access_token"])

        assert answer.status_code == 400
        assert await is_signed_in(browser, web)

    @pytest.mark.parametrize("hint", ["ada", "eve", "<script>", "x" * 2000])
    async def test_logout_hint(
        self, house: House, web: RegisteredClient, ada: User, hint: str
    ) -> None:
        """Section 2: a logout_hint is only that; nobody is signed out by it, or because of it."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.get("/oidc/session/end", client_id=web.id, logout_hint=hint)

        assert answer.status_code == 200
        assert "<script>" not in answer.text.replace("<script type", "")
        assert await is_signed_in(browser, web)

    async def test_ui_locales(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Section 2: the page speaks the language that is asked for."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.get("/oidc/session/end", ui_locales="xx de-CH en")

        assert '<html lang="de"' in answer.text

    async def test_language_menu(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A language chosen on the page stays until the end, and the request stays what it was."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        asked = await browser.get("/oidc/session/end", client_id=web.id, state='"><b>')
        link = f"/oidc/session/end?client_id={web.id}&amp;state=%22%3E%3Cb%3E&amp;ui_locales=de"
        assert f'<a href="{link}" hreflang="de"' in asked.text

        german = await browser.http.get(unescape(link))
        answer = await browser.http.post(
            "/oidc/session/end/confirm", data=hidden(german.text) | {"logout": "yes"}
        )
        last = await browser.http.get(answer.headers["location"])

        assert answer.headers["location"] == "/oidc/session/end/success?ui_locales=de"
        assert "Sie sind abgemeldet" in last.text

    async def test_no_language_menu_on_what_was_posted(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """The hint in a body does not move into the addresses of links."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.http.post("/oidc/session/end", data={"client_id": web.id})

        assert answer.status_code == 200
        assert "ui_locales=" not in answer.text

    @pytest.mark.parametrize("client_id", ["nobody", "x" * 3000, "a\u0000"])
    async def test_unknown_client(
        self, house: House, web: RegisteredClient, ada: User, client_id: str
    ) -> None:
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.get(
            "/oidc/session/end", client_id=client_id, post_logout_redirect_uri=SIGNED_OUT
        )

        assert answer.status_code == 400
        assert await is_signed_in(browser, web)

    async def test_repeated(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 3.1: nobody can tell which of two addresses was meant."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.http.get(
            f"/oidc/session/end?client_id={web.id}"
            f"&post_logout_redirect_uri={SIGNED_OUT}&post_logout_redirect_uri=https://evil.example"
        )

        assert answer.status_code == 400

    async def test_address_of_another_client(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """An address counts for the client that registered it alone."""
        other = await house.add_client(post_logout_redirect_uris=("https://other.example/out",))
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)

        answer = await browser.get(
            "/oidc/session/end",
            id_token_hint=tokens["id_token"],
            post_logout_redirect_uri="https://other.example/out",
        )

        assert answer.status_code == 400
        assert await is_signed_in(browser, web)
        assert other.id != web.id
