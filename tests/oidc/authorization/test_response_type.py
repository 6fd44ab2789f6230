"""Response types and modes: what an application may ask for, and what it then gets."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from doorward.users.tables import User
from tests.oidc.house import CALLBACK, House, RegisteredClient, answer_of

ALL = ["id_token", "id_token token", "code id_token", "code token", "code id_token token", "code"]


def half_hash(value: str) -> str:
    """at_hash and its kin for ES256, computed as OpenID Connect Core section 3.1.3.6 says."""
    digest = hashlib.sha256(value.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def add_hybrid(house: House, **more: Any) -> RegisteredClient:
    return await house.add_client(metadata={"responseTypes": ALL, **more})


class TestOptIn:
    """RFC 9700 section 2.1.2: nobody has these flows who did not ask for them."""

    @pytest.mark.parametrize("type_", ["Traditional", "SPA", "Native"])
    @pytest.mark.parametrize("response_type", ALL[:-1])
    async def test_off_by_default(self, house: House, type_: str, response_type: str) -> None:
        """RFC 6749 section 4.1.2.1: the client is not authorized to ask this way."""
        client = await house.add_client(type_)

        answer = await house.browser().request(client, response_type=response_type)

        returned = dict(parse_qsl(urlsplit(answer.headers["location"]).fragment))
        assert returned["error"] == "unauthorized_client"
        assert returned["state"] == "the-state"

    async def test_only_what_was_chosen(self, house: House) -> None:
        """An application that chose one of them has neither another nor the code flow."""
        client = await house.add_client(metadata={"responseTypes": ["id_token"]})

        for response_type in ("code", "code id_token", "id_token token"):
            returned = answer_of(await house.browser().request(client, response_type=response_type))
            assert returned["error"] == "unauthorized_client"

    @pytest.mark.parametrize("response_type", ["token", "code banana", "none id_token", "banana"])
    async def test_unknown(self, house: House, response_type: str) -> None:
        """RFC 6749 section 3.1.1: a response type that is not understood."""
        client = await add_hybrid(house)

        returned = answer_of(await house.browser().request(client, response_type=response_type))

        assert returned["error"] == "unsupported_response_type"

    async def test_discovery(self, house: House) -> None:
        """OpenID Connect Discovery section 3: what an application may choose among."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["response_types_supported"] == [
            "code",
            "none",
            "id_token",
            "id_token token",
            "code id_token",
            "code token",
            "code id_token token",
        ]
        assert metadata["response_modes_supported"] == [
            "query",
            "fragment",
            "form_post",
            "jwt",
            "query.jwt",
            "fragment.jwt",
            "form_post.jwt",
        ]
        assert metadata["authorization_signing_alg_values_supported"][0] == "ES256"


class TestNone:
    async def test_nothing_is_handed_out(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """Multiple Response Types section 4: neither code nor token, in the query."""
        browser = house.browser()
        await browser.authorize(web, user=ada)

        answer = await browser.request(web, response_type="none")

        assert answer.headers["location"].startswith(f"{CALLBACK}?")
        assert answer_of(answer) == {"state": "the-state", "iss": "http://localhost:3001/oidc"}

    async def test_after_a_sign_in(self, house: House, web: RegisteredClient, ada: User) -> None:
        answer = await house.browser().authorize(web, user=ada, response_type="none")

        assert set(answer) == {"state", "iss"}


class TestTokens:
    @pytest.mark.parametrize("response_type", ALL)
    async def test_what_is_in_the_answer(self, house: House, ada: User, response_type: str) -> None:
        """OpenID Connect Core sections 3.2.2.5 and 3.3.2.5: what was asked for, in the fragment."""
        client = await add_hybrid(house)
        browser = house.browser()
        await browser.authorize(client, user=ada)

        answer = await browser.request(client, response_type=response_type)

        parts, words = urlsplit(answer.headers["location"]), response_type.split()
        returned = answer_of(answer)
        assert bool(parts.fragment) == (response_type != "code")
        assert ("code" in returned) == ("code" in words)
        assert ("id_token" in returned) == ("id_token" in words)
        assert ("access_token" in returned) == ("token" in words)
        if "token" in words:
            assert returned["token_type"] == "Bearer"
            assert returned["expires_in"] == "3600"
        assert answer.headers["cache-control"] == "no-store"

    async def test_id_token(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 3.3.2.11: nonce, c_hash and at_hash; s_hash besides."""
        client = await add_hybrid(house)

        answer = await house.browser().authorize(
            client, user=ada, response_type="token code id_token", nonce="n-1", state="s-1"
        )

        claims = await house.verify(answer["id_token"], typ="jwt")
        assert claims["aud"] == client.id
        assert claims["sub"] == ada.id
        assert claims["nonce"] == "n-1"
        assert claims["c_hash"] == half_hash(answer["code"])
        assert claims["at_hash"] == half_hash(answer["access_token"])
        assert claims["s_hash"] == half_hash("s-1")

    async def test_id_token_alone(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 3.2.2.10: no hash of what is not there."""
        client = await add_hybrid(house)

        answer = await house.browser().authorize(
            client, user=ada, response_type="id_token", state=None
        )

        claims = await house.verify(answer["id_token"], typ="jwt")
        assert {"c_hash", "at_hash", "s_hash"}.isdisjoint(claims)
        assert claims["sid"]

    async def test_access_token(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 5.3: the token opens userinfo while the session lives."""
        client, browser = await add_hybrid(house), house.browser()

        answer = await browser.authorize(client, user=ada, response_type="id_token token")

        assert await house.is_good(answer["access_token"])
        house.pass_time(minutes=30)
        assert await house.is_good(answer["access_token"])
        house.pass_time(minutes=31)
        assert not await house.is_good(answer["access_token"])

    async def test_code_beside_tokens(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 3.3.3: the code is exchanged as ever, once; used again it
        ends the tokens that came with it, too (RFC 6749 section 4.1.2)."""
        client = await add_hybrid(house)
        answer = await house.browser().authorize(
            client, user=ada, response_type="code id_token token"
        )

        tokens = await house.exchange(client, answer["code"])
        front = await house.verify(answer["id_token"], typ="jwt")
        back = await house.verify(tokens["id_token"], typ="jwt")
        again = await house.token(
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": CALLBACK,
                "code_verifier": "a-verifier-of-more-than-43-characters-0123456789",
            }
            | client.credentials
        )

        assert (front["iss"], front["sub"]) == (back["iss"], back["sub"])
        assert again.json()["error"] == "invalid_grant"
        assert not await house.is_good(answer["access_token"])
        assert not await house.is_good(tokens["access_token"])

    async def test_code_dies_before_the_token(self, house: House, ada: User) -> None:
        """RFC 6749 section 4.1.2: a short life for the code, whatever came with it."""
        client = await add_hybrid(house)
        answer = await house.browser().authorize(client, user=ada, response_type="code token")
        house.pass_time(seconds=61)

        late = await house.token(
            {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": CALLBACK}
            | client.credentials
        )

        assert late.json()["error"] == "invalid_grant"
        assert await house.is_good(answer["access_token"])

    async def test_no_offline_access_without_a_code(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 11: offline_access is for response types with a code; RFC
        6749 section 4.2.2: a refresh token never comes through the browser."""
        client = await add_hybrid(house)

        answer = await house.browser().authorize(client, user=ada, response_type="id_token token")

        assert answer["scope"] == "openid profile"
        assert "refresh_token" not in answer

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"nonce": None}, "invalid_request"),
            ({"scope": "profile"}, "invalid_request"),
            ({"response_mode": "query"}, "invalid_request"),
            ({"response_mode": "query.jwt"}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
        ],
    )
    async def test_refused(
        self, house: House, ada: User, changes: dict[str, Any], error: str
    ) -> None:
        """OpenID Connect Core section 3.3.2.11: nonce is required; Multiple Response Types section
        3: never in a query. The refusal itself travels in the fragment."""
        client, browser = await add_hybrid(house), house.browser()
        await browser.authorize(client, user=ada)

        answer = await browser.request(client, response_type="code id_token", **changes)

        assert "?" not in answer.headers["location"]
        if not changes.get("response_mode", "").endswith("jwt"):
            assert answer_of(answer)["error"] == error

    @pytest.mark.parametrize(
        ("type_", "redirect_uri", "is_answered"),
        [
            ("Traditional", "http://app.example/callback", False),
            ("Traditional", "http://localhost:3000/callback", False),
            ("SPA", "http://127.0.0.1:3000/callback", False),
            ("Native", "http://app.example/callback", False),
            ("Native", "http://127.0.0.1:3000/callback", True),
            ("Native", "http://[::1]/callback", True),
            ("Native", "example.app:/callback", True),
        ],
    )
    @pytest.mark.parametrize("response_type", ["id_token", "code id_token"])
    async def test_never_in_clear(
        self,
        house: House,
        ada: User,
        *,
        type_: str,
        redirect_uri: str,
        is_answered: bool,
        response_type: str,
    ) -> None:
        """OpenID Connect Core section 3.2.2.1, RFC 9700 section 2.6: tokens MUST NOT go to http,
        but to a native application on the person's own device."""
        client = await house.add_client(
            type_, redirect_uris=(redirect_uri,), metadata={"responseTypes": ALL}
        )

        answer = await house.browser().request(client, response_type=response_type)

        if is_answered:
            assert answer.headers["location"].startswith("/sign-in?")
        else:
            returned = dict(parse_qsl(urlsplit(answer.headers["location"]).fragment))
            assert returned["error"] == "invalid_request"
            assert "id_token" not in returned

    @pytest.mark.parametrize("is_signed_in", [True, False])
    async def test_no_key_to_encrypt_with(
        self, house: House, ada: User, is_signed_in: bool
    ) -> None:
        """OpenID Connect Core section 3.3.2.6: the client is told, in the fragment, and gets
        nothing."""
        client = await add_hybrid(house, idTokenEncryptedResponseAlg="ECDH-ES", jwks={"keys": []})
        browser = house.browser()
        if is_signed_in:
            await browser.authorize(client, user=ada)

        returned = await browser.authorize(client, user=ada, response_type="code id_token")

        assert set(returned) == {"error", "error_description", "state", "iss"}
        assert returned["error"] == "invalid_request"

    async def test_pkce_stays(self, house: House) -> None:
        """RFC 9700 section 2.1.1: a public client proves its code in the hybrid flow, too."""
        client = await house.add_client("SPA", metadata={"responseTypes": ["code id_token"]})

        returned = answer_of(
            await house.browser().request(
                client,
                response_type="code id_token",
                code_challenge=None,
                code_challenge_method=None,
            )
        )

        assert returned["error"] == "invalid_request"

    @pytest.mark.parametrize(
        "setting", ["dpopBoundAccessTokens", "tlsClientCertificateBoundAccessTokens"]
    )
    async def test_no_unbound_token(self, house: House, ada: User, setting: str) -> None:
        """RFC 9700 section 4.10: a client whose tokens are bound gets none through the browser."""
        client, browser = await add_hybrid(house, **{setting: True}), house.browser()

        refused = answer_of(await browser.request(client, response_type="code token"))
        answer = await browser.authorize(client, user=ada, response_type="code id_token")

        assert refused["error"] == "invalid_request"
        assert "code" in answer

    async def test_form_post(self, house: House, ada: User) -> None:
        """Form Post Response Mode section 2 with a response type that holds tokens."""
        client, browser = await add_hybrid(house), house.browser()
        await browser.authorize(client, user=ada)

        answer = await browser.request(
            client, response_type="code id_token", response_mode="form_post"
        )

        assert 'name="id_token"' in answer.text
        assert 'name="code"' in answer.text
