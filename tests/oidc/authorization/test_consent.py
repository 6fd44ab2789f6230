"""OpenID Connect Core section 3.1.2.4: what a third party's application gets, and who decides."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from doorward.applications.consent_scopes import (
    allow_scopes,
    disallow_resource_scope,
    disallow_user_scope,
)
from doorward.consents.store import find_consent
from doorward.users.tables import User
from tests.oidc.house import Browser, House, RegisteredClient, answer_of

BOOKS = "https://books.example/api"
FILMS = "https://films.example/api"


@dataclass(frozen=True)
class Form:
    """What the consent page sends, but for the button."""

    action: str
    fields: dict[str, str]


def form_of(text: str) -> Form:
    (action,) = re.findall(r'<form method="post" action="([^"]*)"', text)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    return Form(html.unescape(action), fields)


@pytest_asyncio.fixture
async def partner(house: House) -> AsyncIterator[RegisteredClient]:
    """A third party's web application that may ask for the profile."""
    yield await make_partner(house)


async def make_partner(
    house: House, type_: str = "Traditional", *, scope_ids: tuple[str, ...] = (), **kind: Any
) -> RegisteredClient:
    client = await house.add_client(type_, is_third_party=True, **kind)
    async with house.db.transaction(house.tenant_id) as tx:
        await allow_scopes(
            tx,
            tenant_id=house.tenant_id,
            application_id=client.id,
            user_scopes=["profile"],
            resource_scope_ids=scope_ids,
        )
    await house.settle()
    return client


async def ask(browser: Browser, client: RegisteredClient, user: User, **params: Any) -> str:
    """Sign in and return the address of the consent page."""
    answer = await browser.request(client, **params)
    if not answer.headers["location"].startswith("/consent"):
        uid = browser.waiting()["_legacy"]
        await browser.complete(user, uid=uid)
        answer = await browser.get(f"/oidc/auth/{uid}")
    location = str(answer.headers["location"])
    assert location.startswith("/consent?"), location
    return location


async def decide(browser: Browser, page: str, choice: str) -> httpx.Response:
    """Answer the consent page and return what the client is told."""
    shown = await browser.get(page)
    assert shown.status_code == 200, shown.text
    form = form_of(shown.text)
    answer = await browser.http.post(form.action, data=form.fields | {"choice": choice})
    assert answer.status_code == 303, answer.text
    return await browser.http.get(answer.headers["location"])


async def allow(
    house: House, browser: Browser, client: RegisteredClient, user: User, **params: Any
) -> dict[str, Any]:
    """Sign in, allow and return the tokens."""
    answer = await decide(browser, await ask(browser, client, user, **params), "allow")
    return await house.exchange(client, answer_of(answer)["code"])


class TestAsking:
    async def test_yes(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """The page says who asks, for what, and where it leads; a yes gives a code."""
        browser = house.browser()
        page = await ask(browser, partner, ada)
        text = html.unescape((await browser.get(page)).text)

        assert "The Traditional application asks for access" in text
        assert "signed in as ada" in text
        assert "See your profile" in text
        assert "while you are away" in text
        assert "app.example" in text
        assert "email" not in text.split("<main>")[1]

        answer = answer_of(await decide(browser, page, "allow"))
        assert answer["state"] == "the-state"
        tokens = await house.exchange(partner, answer["code"])
        assert tokens["scope"] == "openid profile offline_access"
        assert (await house.userinfo(tokens["access_token"])).json()["sub"] == ada.id

    async def test_no(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 4.1.2.1: a refusal is access_denied, and nothing is remembered."""
        browser = house.browser()

        answer = answer_of(await decide(browser, await ask(browser, partner, ada), "deny"))

        assert answer["error"] == "access_denied"
        assert answer["state"] == "the-state"
        assert await find_consent_of(house, ada, partner) is None

    async def test_remembered(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """What was allowed is not asked again, in another browser either; more is."""
        await allow(house, house.browser(), partner, ada, prompt=None, scope="openid")
        browser = house.browser()

        answer = await browser.authorize(partner, user=ada, prompt=None, scope="openid")
        assert "code" in answer

        page = await ask(browser, partner, ada, prompt=None, scope="openid profile")
        assert "See your profile" in (await browser.get(page)).text

    async def test_prompt_consent(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 3.1.2.1: prompt=consent asks again."""
        browser = house.browser()
        await allow(house, browser, partner, ada)

        assert (await ask(browser, partner, ada)).startswith("/consent")

    async def test_prompt_none(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 3.1.2.6: without consent, prompt=none is consent_required;
        with it, a code."""
        browser = house.browser()
        await house.sign_in(await house.add_client(), ada, browser=browser)

        before = answer_of(await browser.request(partner, prompt="none", scope="openid"))
        await allow(house, browser, partner, ada, prompt=None, scope="openid")
        after = answer_of(await browser.request(partner, prompt="none", scope="openid"))

        assert before["error"] == "consent_required"
        assert "code" in after

    async def test_first_party(self, house: House, web: RegisteredClient, ada: User) -> None:
        """The tenant's own applications ask for nothing, with prompt=consent too."""
        assert "code" in await house.browser().authorize(web, user=ada)

    async def test_native(self, house: House, ada: User) -> None:
        """RFC 8252 section 8.6, RFC 6749 sections 2.3 and 10.2: an earlier consent does not speak
        for a native application, for nobody knows that it is the same one."""
        partner = await make_partner(house, "Native")
        browser = house.browser()
        await allow(house, browser, partner, ada, prompt=None, scope="openid")

        assert await ask(browser, partner, ada, prompt=None, scope="openid")

    async def test_the_first_application_is_noted(
        self, house: House, partner: RegisteredClient, ada: User
    ) -> None:
        """Whoever a user lets in first is their application, once."""
        other = await make_partner(house)
        browser = house.browser()
        await allow(house, browser, partner, ada)
        await allow(house, browser, other, ada)

        row = await house.find_user(ada)
        assert row.application_id == partner.id


class TestCeiling:
    async def test_user_scopes(self, house: House, partner: RegisteredClient) -> None:
        """Scopes about the user beyond the ceiling are invalid_scope."""
        answer = answer_of(await house.browser().request(partner, scope="openid email"))

        assert answer["error"] == "invalid_scope"
        assert answer["error_description"] == "requested scope is not allowed"

    async def test_resource_scopes(self, house: House, ada: User) -> None:
        """Of a resource's scopes, a token has those that the ceiling, the user's roles and the
        user's consent agree on; the same name of another resource is not one of them."""
        books = await house.add_resource(BOOKS)
        films = await house.add_resource(FILMS, scopes=("read:books",))
        await house.add_role(
            scope_ids=[books["read:books"], books["write:books"], films["read:books"]], user=ada
        )
        partner = await make_partner(house, scope_ids=(books["read:books"],))
        browser = house.browser()
        params = {
            "scope": "openid offline_access read:books write:books",
            "resource": [BOOKS, FILMS],
        }

        tokens = await allow(house, browser, partner, ada, **params)

        async def scope_of(resource: str) -> str:
            answer = await house.refresh(partner, tokens["refresh_token"], resource=resource)
            claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
            return str(claims["scope"])

        assert await scope_of(BOOKS) == "read:books"
        assert await scope_of(FILMS) == ""

    async def test_a_scope_that_the_user_gets_later(self, house: House, ada: User) -> None:
        """What was not on the page is not in a token, even when the user may do it by then."""
        books = await house.add_resource(BOOKS)
        partner = await make_partner(house, scope_ids=tuple(books.values()))
        await house.add_role(scope_ids=[books["read:books"]], user=ada)
        tokens = await allow(
            house,
            house.browser(),
            partner,
            ada,
            scope="openid offline_access read:books write:books",
            resource=BOOKS,
        )
        await house.add_role(scope_ids=[books["write:books"]], user=ada)

        answer = await house.refresh(partner, tokens["refresh_token"], resource=BOOKS)

        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["scope"] == "read:books"

    async def test_lowered(self, house: House, ada: User) -> None:
        """A scope that is taken out of the ceiling is gone with the next token."""
        books = await house.add_resource(BOOKS)
        partner = await make_partner(house, scope_ids=tuple(books.values()))
        await house.add_role(scope_ids=list(books.values()), user=ada)
        tokens = await allow(
            house,
            house.browser(),
            partner,
            ada,
            scope="openid offline_access read:books write:books",
            resource=BOOKS,
        )
        async with house.db.transaction(house.tenant_id) as tx:
            await disallow_resource_scope(
                tx,
                tenant_id=house.tenant_id,
                application_id=partner.id,
                scope_id=books["write:books"],
            )
        await house.settle()

        answer = await house.refresh(partner, tokens["refresh_token"], resource=BOOKS)

        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["scope"] == "read:books"

    async def test_lowered_claims(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """So is what a scope says of the user: in the access token's scope and in the ID token."""
        tokens = await allow(house, house.browser(), partner, ada)
        async with house.db.transaction(house.tenant_id) as tx:
            await disallow_user_scope(
                tx, tenant_id=house.tenant_id, application_id=partner.id, user_scope="profile"
            )
        await house.settle()

        answer = (await house.refresh(partner, tokens["refresh_token"])).json()

        before = await house.verify(tokens["id_token"], typ="jwt")
        after = await house.verify(answer["id_token"], typ="jwt")
        assert before["username"] == "ada"
        assert "username" not in after
        assert answer["scope"] == "openid offline_access"
        assert "username" not in (await house.userinfo(answer["access_token"])).json()


class TestApi:
    async def test_question(self, house: House, ada: User) -> None:
        """GET and POST /api/interaction/consent say and do what the page does."""
        books = await house.add_resource(BOOKS)
        await house.add_role(scope_ids=[books["read:books"]], user=ada)
        partner = await make_partner(house, scope_ids=tuple(books.values()))
        browser = house.browser()
        await ask(browser, partner, ada, scope="openid profile read:books", resource=BOOKS)

        shown = (await browser.get("/api/interaction/consent")).json()
        resource = shown["missingResourceScopes"][0]["resource"]
        assert shown == {
            "application": {
                "id": partner.id,
                "name": "The Traditional application",
                "branding": {},
                "displayName": None,
                "termsOfUseUrl": None,
                "privacyPolicyUrl": None,
            },
            "user": {
                "id": ada.id,
                "name": None,
                "avatar": None,
                "username": "ada",
                "primaryEmail": None,
                "primaryPhone": None,
            },
            "missingOIDCScope": ["profile"],
            "missingResourceScopes": [
                {
                    "resource": {"id": resource["id"], "name": "Books", "indicator": BOOKS},
                    "scopes": [
                        {"id": books["read:books"], "name": "read:books", "description": None}
                    ],
                }
            ],
            "redirectUri": "https://app.example/callback",
        }

        answer = await browser.http.post("/api/interaction/consent", json={})
        assert answer.status_code == 200
        assert "code" in answer_of(await browser.http.get(answer.json()["redirectTo"]))

    async def test_organizations(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """There are no organizations to choose."""
        browser = house.browser()
        await ask(browser, partner, ada)

        answer = await browser.http.post(
            "/api/interaction/consent", json={"organizationIds": ["org"]}
        )

        assert answer.status_code == 422
        assert answer.json()["code"] == "request.feature_not_supported"

    async def test_nothing_to_ask(self, house: House, web: RegisteredClient) -> None:
        """Without a request that waits for consent there is nothing, a sign-in that waits too."""
        browser = house.browser()
        assert (await browser.get("/api/interaction/consent")).json()["code"] == "session.not_found"
        await browser.request(web)

        answer = await browser.http.post("/api/interaction/consent", json={})

        assert answer.status_code == 400
        assert answer.json()["code"] == "session.not_found"
        assert (await browser.get("/consent")).headers["location"] == "/unknown-session"


class TestAttacks:
    async def test_forged(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 10.12: no site can say yes for the user, nor another sign-in's form."""
        browser, other = house.browser(), house.browser()
        page = await ask(browser, partner, ada)
        stolen = form_of(
            (await other.get(await ask(other, partner, await house.add_user("eve")))).text
        )
        own = form_of((await browser.get(page)).text)
        elsewhere = {"origin": "https://evil.example"}

        assert (await browser.http.post(page, data={"choice": "allow"})).status_code == 400
        assert (
            await browser.http.post(page, data=stolen.fields | {"choice": "allow"})
        ).status_code == 400
        assert (
            await browser.http.post(page, data=own.fields | {"choice": "allow"}, headers=elsewhere)
        ).status_code == 400
        assert (
            await browser.http.post("/api/interaction/consent", json={}, headers=elsewhere)
        ).status_code == 400
        assert await find_consent_of(house, ada, partner) is None

    async def test_not_framed(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 10.13: the page is never in a frame."""
        browser = house.browser()

        answer = await browser.get(await ask(browser, partner, ada))

        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"

    async def test_skipped(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """The way back without an answer leads to the page again."""
        browser = house.browser()
        page = await ask(browser, partner, ada)

        answer = await browser.get(f"/oidc/auth/{browser.waiting()[partner.id]}")

        assert answer.headers["location"] == page

    async def test_after_signing_out(
        self, house: House, partner: RegisteredClient, ada: User
    ) -> None:
        """Whoever comes to a browser after somebody has signed out cannot answer for them, and an
        answer that was given does not bring the session back."""
        browser, late = house.browser(), house.browser()
        page = await ask(browser, partner, ada)
        form = form_of((await browser.get(page)).text)
        late_page = await ask(late, partner, ada)
        late_form = form_of((await late.get(late_page)).text)
        given = await late.http.post(late_form.action, data=late_form.fields | {"choice": "allow"})
        for visitor in (browser, late):
            visitor.http.cookies.delete("_session_default")
        await house.end_sessions(ada)

        answer = await browser.http.post(form.action, data=form.fields | {"choice": "allow"})
        resumed = answer_of(await late.http.get(given.headers["location"]))

        assert answer.headers["location"] == "/unknown-session"
        assert resumed["error"] == "login_required"
        assert "_session_default" not in late.http.cookies

    async def test_in_a_later_session(
        self, house: House, partner: RegisteredClient, ada: User
    ) -> None:
        """An answer belongs to the session that it was given in, also when it is the same person
        who has signed in anew."""
        browser = house.browser()
        page = await ask(browser, partner, ada)
        form = form_of((await browser.get(page)).text)
        given = await browser.http.post(form.action, data=form.fields | {"choice": "allow"})
        browser.http.cookies.delete("_session_default")
        await browser.authorize(await house.add_client(), user=ada)

        resumed = answer_of(await browser.http.get(given.headers["location"]))

        assert resumed["error"] == "login_required"

    async def test_more_than_was_shown(self, house: House, ada: User) -> None:
        """A page that was left open is shown again when the application asks for more by then."""
        books = await house.add_resource(BOOKS)
        await house.add_role(scope_ids=[books["read:books"]], user=ada)
        partner = await make_partner(house, scope_ids=tuple(books.values()))
        browser = house.browser()
        page = await ask(
            browser, partner, ada, scope="openid read:books write:books", resource=BOOKS
        )
        form = form_of((await browser.get(page)).text)
        await house.add_role(scope_ids=[books["write:books"]], user=ada)

        answer = await browser.http.post(form.action, data=form.fields | {"choice": "allow"})

        assert answer.status_code == 200
        assert "write:books" in answer.text
        assert await find_consent_of(house, ada, partner) is None

    async def test_at_once(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """Of ten simultaneous returns one gets the code."""
        browser = house.browser()
        page = await ask(browser, partner, ada)
        form = form_of((await browser.get(page)).text)
        cookies = "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar)
        given = await browser.http.post(form.action, data=form.fields | {"choice": "allow"})

        answers = await asyncio.gather(
            *(
                house.new_http().get(given.headers["location"], headers={"cookie": cookies})
                for _ in range(10)
            )
        )

        assert sorted(answer.status_code for answer in answers) == [303] + [400] * 9

    async def test_in_another_browser(
        self, house: House, partner: RegisteredClient, ada: User
    ) -> None:
        """A uid that somebody saw is worth nothing without the cookie."""
        browser = house.browser()
        await ask(browser, partner, ada)

        answer = await house.browser().get(f"/oidc/auth/{browser.waiting()[partner.id]}")

        assert answer.status_code == 400

    async def test_weaker_meanwhile(
        self, house: House, partner: RegisteredClient, ada: User
    ) -> None:
        """RFC 9470 section 5: a password was demanded, and in another tab the same person comes in
        by another provider before they allow: no code for the weaker session."""
        browser = house.browser()
        page = await ask(browser, partner, ada, acr_values="urn:doorward:acr:password")
        other = await house.add_client(redirect_uris=("https://other.example/cb",))
        await browser.request(other, prompt="login")
        uid = browser.waiting()[other.id]
        await browser.complete(ada, uid=uid, amr=())
        await browser.get(f"/oidc/auth/{uid}")

        answer = await decide(browser, page, "allow")

        assert answer_of(answer)["error"] == "unmet_authentication_requirements"

    @pytest.mark.parametrize("choice", ["", "yes", "ALLOW", None])
    async def test_odd_answers(
        self, house: House, partner: RegisteredClient, ada: User, choice: str | None
    ) -> None:
        """Only a clear yes is one."""
        browser = house.browser()
        page = await ask(browser, partner, ada)
        form = form_of((await browser.get(page)).text)
        fields = form.fields | ({} if choice is None else {"choice": choice})

        answer = await browser.http.post(form.action, data=fields)

        assert answer.status_code == 303
        assert (await browser.http.get(answer.headers["location"])).headers["location"] == page

    async def test_suspended(self, house: House, partner: RegisteredClient, ada: User) -> None:
        """A user who is suspended while the page is open gives nothing away."""
        browser = house.browser()
        page = await ask(browser, partner, ada)
        await house.change_user(ada, is_suspended=True)

        answer = await browser.get(page)

        assert answer.status_code in {303, 400}
        resumed = await browser.get(f"/oidc/auth/{browser.waiting()[partner.id]}")
        assert "code=" not in resumed.headers.get("location", "")


async def find_consent_of(house: House, user: User, client: RegisteredClient) -> Any:
    return await find_consent(
        house.db, tenant_id=house.tenant_id, user_id=user.id, client_id=client.id
    )
