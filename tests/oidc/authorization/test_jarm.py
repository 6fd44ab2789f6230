"""JWT Secured Authorization Response Mode: the answer in one signed JWT."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from doorward.users.tables import User
from tests.oidc.house import CALLBACK, House, RegisteredClient

MODES = [
    ("jwt", "code", "query"),
    ("query.jwt", "code", "query"),
    ("fragment.jwt", "code", "fragment"),
    ("jwt", "none", "query"),
    ("jwt", "code id_token", "fragment"),
    ("fragment.jwt", "code id_token", "fragment"),
]


async def claims_of(house: House, location: str) -> dict[str, Any]:
    """The claims of the JWT that a redirect carries as its only parameter."""
    parts = urlsplit(location)
    returned = dict(parse_qsl(parts.query or parts.fragment))
    assert set(returned) == {"response"}
    return await house.verify(returned["response"], typ="jwt")


class TestAnswer:
    @pytest.mark.parametrize(("mode", "response_type", "transport"), MODES)
    async def test_transports(
        self, house: House, ada: User, mode: str, response_type: str, transport: str
    ) -> None:
        """JARM section 2.3: `jwt` is the default transport of the response type."""
        client = await house.add_client(metadata={"responseTypes": ["code", "code id_token"]})
        browser = house.browser()
        await browser.authorize(client, user=ada)

        answer = await browser.request(client, response_type=response_type, response_mode=mode)

        parts = urlsplit(answer.headers["location"])
        assert answer.headers["location"].startswith(CALLBACK)
        assert bool(parts.query) == (transport == "query")
        assert bool(parts.fragment) == (transport == "fragment")
        claims = await claims_of(house, answer.headers["location"])
        assert ("code" in claims) == (response_type != "none")
        assert claims["state"] == "the-state"

    async def test_claims(self, house: House, web: RegisteredClient, ada: User) -> None:
        """JARM section 2.1: iss, aud and exp, and all parameters of the answer."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.request(web, response_mode="jwt")

        claims = await claims_of(house, answer.headers["location"])
        assert set(claims) == {"iss", "aud", "exp", "code", "state", "session_state"}
        assert claims["iss"] == "http://localhost:3001/oidc"
        assert claims["aud"] == web.id
        assert 590 <= claims["exp"] - house.clock.now().timestamp() <= 600
        assert "access_token" in await house.exchange(web, claims["code"])

    async def test_form_post(self, house: House, web: RegisteredClient, ada: User) -> None:
        """JARM section 2.3.3: a form with the one field."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.request(web, response_mode="form_post.jwt")

        fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', answer.text)
        assert [name for name, _ in fields] == ["response"]
        assert (await house.verify(fields[0][1], typ="jwt"))["aud"] == web.id

    async def test_after_a_sign_in(self, house: House, web: RegisteredClient, ada: User) -> None:
        returned = await house.browser().authorize(web, user=ada, response_mode="query.jwt")

        assert set(returned) == {"response"}
        assert "code" in await house.verify(returned["response"], typ="jwt")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"prompt": "none"}, "login_required"),
            ({"response_type": "banana"}, "unsupported_response_type"),
            ({"code_challenge": "short"}, "invalid_request"),
        ],
    )
    async def test_errors(
        self, house: House, web: RegisteredClient, changes: dict[str, Any], error: str
    ) -> None:
        """JARM section 2.1: refusals are signed, too."""
        answer = await house.browser().request(web, response_mode="jwt", **changes)

        claims = await claims_of(house, answer.headers["location"])
        assert claims["error"] == error
        assert claims["state"] == "the-state"
        assert claims["aud"] == web.id

    async def test_it_is_no_id_token(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 8725 section 3.11: an answer cannot stand in for an ID token."""
        returned = await house.browser().authorize(web, user=ada, response_mode="jwt")

        answer = await house.browser().request(web, id_token_hint=returned["response"])

        assert "error=invalid_request" in answer.headers["location"]

    async def test_pushed(self, house: House, web: RegisteredClient, ada: User) -> None:
        """FAPI 2.0 Message Signing: JARM after PAR."""
        pushed = await house.pushed(web, response_mode="jwt")

        returned = await house.browser().follow(pushed, user=ada)

        assert "code" in await house.verify(returned["response"], typ="jwt")
