"""The claims parameter (OpenID Connect Core section 5.5)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.oidc.authorization.claims_request import parse_claims_request
from doorward.oidc.errors import InvalidRequest
from doorward.oidc.request import Params
from doorward.users.tables import User
from tests.oidc.authorization.test_consent import allow, make_partner
from tests.oidc.house import House, RegisteredClient, answer_of


@pytest.fixture
async def grace(house: House) -> User:
    return await house.add_user("grace", name="Grace Hopper", primary_email="grace@example.com")


async def sign_in(
    house: House, client: RegisteredClient, user: User, claims: Any, **params: Any
) -> dict[str, Any]:
    asked = {"scope": "openid", "claims": json.dumps(claims)} | params
    return await house.sign_in(client, user, **asked)


class TestAskedOneByOne:
    async def test_id_token_and_userinfo(
        self, house: House, web: RegisteredClient, grace: User
    ) -> None:
        """OpenID Connect Core section 5.5: each member's claims go where it says, beside those of
        the scopes."""
        claims = {
            "id_token": {"name": None, "auth_time": {"essential": True}},
            "userinfo": {"email": {"essential": True}, "email_verified": None},
        }

        tokens = await sign_in(house, web, grace, claims)

        id_token = await house.verify(tokens["id_token"], typ="jwt")
        userinfo = (await house.userinfo(tokens["access_token"])).json()
        assert id_token["name"] == "Grace Hopper"
        assert "email" not in id_token
        assert userinfo == {
            "sub": grace.id,
            "email": "grace@example.com",
            "email_verified": True,
        }

    async def test_after_a_refresh(self, house: House, web: RegisteredClient, grace: User) -> None:
        tokens = await sign_in(
            house,
            web,
            grace,
            {"userinfo": {"email": None}},
            scope="openid offline_access",
            prompt="consent",
        )
        again = (await house.refresh(web, tokens["refresh_token"])).json()
        userinfo = (await house.userinfo(again["access_token"])).json()
        assert userinfo["email"] == "grace@example.com"

    async def test_unknown_ones_are_ignored(
        self, house: House, web: RegisteredClient, grace: User
    ) -> None:
        """OpenID Connect Core section 5.5: unknown members MUST be ignored; so are claims that we
        do not have, and those that only a scope gives."""
        claims = {
            "sonstiges": 1,
            "userinfo": {"shoe_size": {"essential": True}, "identities": None, "name": None},
        }
        tokens = await sign_in(house, web, grace, claims)
        userinfo = (await house.userinfo(tokens["access_token"])).json()
        assert userinfo == {"sub": grace.id, "name": "Grace Hopper"}

    async def test_no_claim_replaces_what_we_say(
        self, house: House, web: RegisteredClient, grace: User
    ) -> None:
        """Asking for iss, aud or sub changes none of them."""
        names = ("iss", "aud", "exp", "nonce", "at_hash")
        tokens = await sign_in(house, web, grace, {"id_token": dict.fromkeys(names)})
        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert (claims["iss"], claims["aud"]) == ("http://localhost:3001/oidc", web.id)


class TestThirdParties:
    async def test_get_what_the_user_allowed(self, house: House, grace: User) -> None:
        """The page names scopes, so a claim beyond them is not given."""
        partner = await make_partner(house)
        browser = house.browser()
        claims = json.dumps({"id_token": {"email": None}, "userinfo": {"email": None}})

        tokens = await allow(house, browser, partner, grace, scope="openid", claims=claims)

        assert "email" not in await house.verify(tokens["id_token"], typ="jwt")
        assert (await house.userinfo(tokens["access_token"])).json() == {"sub": grace.id}


class TestSubject:
    async def test_the_answer_is_about_the_user_that_is_named(
        self, house: House, web: RegisteredClient, ada: User, grace: User
    ) -> None:
        """OpenID Connect Core section 5.5.1: sub with a value; prompt=none about another is
        login_required."""
        browser = house.browser()
        await house.sign_in(web, ada, browser=browser)

        def asking(user: User) -> str:
            return json.dumps({"id_token": {"sub": {"value": user.id}}})

        granted = answer_of(await browser.request(web, prompt="none", claims=asking(ada)))
        refused = answer_of(await browser.request(web, prompt="none", claims=asking(grace)))

        assert "code" in granted
        assert refused["error"] == "login_required"

    async def test_signing_in_as_another(
        self, house: House, web: RegisteredClient, ada: User, grace: User
    ) -> None:
        claims = json.dumps({"userinfo": {"sub": {"value": grace.id}}})
        answer = await house.browser().authorize(web, user=ada, claims=claims)
        assert answer["error"] == "login_required"

    async def test_a_pairwise_client_names_users_in_its_own_terms(
        self, house: House, ada: User
    ) -> None:
        """The user id, which it should not know, names nobody."""
        client = await house.add_client(metadata={"subjectType": "pairwise"})
        browser = house.browser()
        tokens = await house.sign_in(client, ada, browser=browser)
        own = (await house.verify(tokens["id_token"], typ="jwt"))["sub"]

        def asking(subject: str) -> str:
            return json.dumps({"id_token": {"sub": {"value": subject}}})

        granted = answer_of(await browser.request(client, prompt="none", claims=asking(own)))
        refused = answer_of(await browser.request(client, prompt="none", claims=asking(ada.id)))

        assert "code" in granted
        assert refused["error"] == "login_required"


class TestAcr:
    async def test_essential_and_out_of_reach(self, house: House, web: RegisteredClient) -> None:
        """OpenID Connect Core section 5.5.1.1: an essential acr that cannot be reached is an
        error."""
        claims = {"id_token": {"acr": {"essential": True, "values": ["phrh"]}}}
        answer = answer_of(await house.browser().request(web, claims=json.dumps(claims)))
        assert answer["error"] == "unmet_authentication_requirements"

    async def test_essential_and_met(self, house: House, web: RegisteredClient, ada: User) -> None:
        claims = {"id_token": {"acr": {"essential": True, "value": "urn:doorward:acr:password"}}}
        tokens = await sign_in(house, web, ada, claims)
        id_token = await house.verify(tokens["id_token"], typ="jwt")
        assert id_token["acr"] == "urn:doorward:acr:password"


class TestMalformed:
    @pytest.mark.parametrize(
        "text",
        [
            "[]",
            "1",
            "not json",
            '{"id_token": 1}',
            '{"id_token": []}',
            '{"userinfo": {"name": 1}}',
            '{"userinfo": {"name": [1]}}',
            '{"id_token": {"sub": {"value": 1}}}',
            '{"id_token": {"sub": {"values": {}}}}',
            '{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}',
            '{"id_token": {"acr": {"values": [1]}}}',
            '{"id_token": {"a\\u0000b": null}}',
            '{"id_token": ' + json.dumps({f"c{n}": None for n in range(51)}) + "}",
            '{"id_token": {"name": ' + '{"a":' * 3000 + "1" + "}" * 3002,
            '{"id_token": {"name": {"value": "' + "x" * 5000 + '"}}}',
        ],
    )
    async def test_is_refused(self, house: House, web: RegisteredClient, text: str) -> None:
        """RFC 6749 section 4.1.2.1: invalid_request, and nobody signs in for nothing."""
        answer = answer_of(await house.browser().request(web, claims=text))
        assert answer["error"] == "invalid_request"

    @given(
        text=st.text()
        | st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["id_token", "userinfo", "sub", "acr", "value", "values"])
                    | st.text(),
                    inner,
                )
            ),
            max_leaves=20,
        ).map(json.dumps)
    )
    def test_whatever_comes_is_understood_or_refused(self, text: str) -> None:
        """No input crashes the parser, and what it understands can be stored."""
        try:
            parsed = parse_claims_request(Params({"claims": text}))
        except InvalidRequest:
            return
        stored = msgspec.json.encode(parsed.stored())
        assert b"\\u0000" not in stored
