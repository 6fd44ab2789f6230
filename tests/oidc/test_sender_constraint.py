"""Tokens bound to a key: codes, refresh tokens and userinfo, in the right hands and in others'."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import pytest_asyncio

from doorward.users.tables import User
from tests.oidc.house import ISSUER, House, RegisteredClient, auth_params, code_form
from tests.support.dpop import Prover

TOKEN = f"{ISSUER}/token"
USERINFO = f"{ISSUER}/me"


@pytest.fixture
def prover(house: House) -> Prover:
    """A client's key, whose clock is right."""
    return Prover(seconds=house.clock.seconds)


async def exchange(
    house: House, client: RegisteredClient, code: str, prover: Prover | None, **proof: Any
) -> httpx.Response:
    """Send the token request for a code, with a proof of `prover`."""
    headers = {} if prover is None else {"dpop": prover.proof("POST", TOKEN, **proof)}
    return await house.token(code_form(client, code), **headers)


async def refresh(
    house: House, client: RegisteredClient, token: str, prover: Prover | None
) -> httpx.Response:
    """Send a refresh request, with a proof of `prover`."""
    headers = {} if prover is None else {"dpop": prover.proof("POST", TOKEN)}
    form = {"grant_type": "refresh_token", "refresh_token": token, **client.credentials}
    return await house.token(form, **headers)


async def push(
    house: House,
    client: RegisteredClient,
    prover: Prover,
    *,
    proof: str | None = None,
    **params: str,
) -> httpx.Response:
    """Push an authorization request with a proof of `prover`."""
    return await house.http.post(
        "/oidc/request",
        data=auth_params(client, **params) | client.credentials,
        headers={"dpop": proof or prover.proof("POST", f"{ISSUER}/request")},
    )


def as_request(client: RegisteredClient, pushed: httpx.Response) -> dict[str, str]:
    """Return the authorization request that refers to a pushed one."""
    assert pushed.status_code == 201, pushed.text
    return {"client_id": client.id, "request_uri": pushed.json()["request_uri"]}


class TestCode:
    async def test_bound_to_the_key_of_the_request(
        self, house: House, web: RegisteredClient, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 10: dpop_jkt. Who stole the code has another key, or none; the code
        stays good for whom it belongs to."""
        answer = await house.browser().authorize(web, user=ada, dpop_jkt=prover.jkt)
        thief = Prover(seconds=house.clock.seconds)

        stolen = await exchange(house, web, answer["code"], thief)
        bare = await exchange(house, web, answer["code"], None)
        given = await exchange(house, web, answer["code"], prover)

        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        assert (bare.status_code, bare.json()["error"]) == (400, "invalid_grant")
        assert given.json()["token_type"] == "DPoP"

    @pytest.mark.parametrize("dpop_jkt", ["x", "x" * 44, "é" * 43, "=" * 43])
    async def test_no_thumbprint(self, house: House, web: RegisteredClient, dpop_jkt: str) -> None:
        answer = await house.browser().authorize(web, dpop_jkt=dpop_jkt)

        assert answer["error"] == "invalid_request"

    async def test_any_key_without_the_parameter(
        self, house: House, web: RegisteredClient, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 5: the tokens are bound to the key that fetches them."""
        answer = await house.browser().authorize(web, user=ada)

        tokens = (await exchange(house, web, answer["code"], prover)).json()

        assert tokens["token_type"] == "DPoP"
        introspected = await house.http.post(
            "/oidc/token/introspection",
            data={"token": tokens["access_token"], **web.credentials},
        )
        # RFC 9449 section 6.2.
        assert introspected.json()["cnf"] == {"jkt": prover.jkt}
        assert introspected.json()["token_type"] == "DPoP"


class TestPushedRequest:
    async def test_proof(
        self, house: House, web: RegisteredClient, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 10.1: a proof with the pushed request binds the code to its key."""
        pushed = await push(house, web, prover)
        answer = await house.browser().follow(as_request(web, pushed), user=ada)
        thief = Prover(seconds=house.clock.seconds)

        stolen = await exchange(house, web, answer["code"], thief)
        given = await exchange(house, web, answer["code"], prover)

        assert stolen.json()["error"] == "invalid_grant"
        assert given.json()["token_type"] == "DPoP"

    async def test_both_ways(
        self, house: House, web: RegisteredClient, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 10.1: dpop_jkt and the proof MUST name the same key."""
        same = await push(house, web, prover, dpop_jkt=prover.jkt)
        other = await push(house, web, prover, dpop_jkt=Prover().jkt)

        assert same.status_code == 201
        assert (other.status_code, other.json()["error"]) == (400, "invalid_request")

    async def test_wrong_proof(self, house: House, web: RegisteredClient, prover: Prover) -> None:
        """A proof for the token endpoint, and one that was used, push nothing."""
        elsewhere = await push(house, web, prover, proof=prover.proof("POST", TOKEN))
        proof = prover.proof("POST", f"{ISSUER}/request")
        first = await push(house, web, prover, proof=proof)
        again = await push(house, web, prover, proof=proof)

        assert elsewhere.json()["error"] == "invalid_dpop_proof"
        assert first.status_code == 201
        assert again.json()["error"] == "invalid_dpop_proof"


class TestRefreshToken:
    async def test_of_a_public_client(self, house: House, ada: User, prover: Prover) -> None:
        """RFC 9449 section 5: bound to the key, through every rotation."""
        app = await house.add_client("Native")
        answer = await house.browser().authorize(app, user=ada)
        first = (await exchange(house, app, answer["code"], prover)).json()
        thief = Prover(seconds=house.clock.seconds)

        stolen = await refresh(house, app, first["refresh_token"], thief)
        bare = await refresh(house, app, first["refresh_token"], None)
        second = await refresh(house, app, first["refresh_token"], prover)
        stolen_later = await refresh(house, app, second.json()["refresh_token"], thief)
        third = await refresh(house, app, second.json()["refresh_token"], prover)

        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        assert (bare.status_code, bare.json()["error"]) == (400, "invalid_grant")
        assert second.json()["token_type"] == "DPoP"
        assert stolen_later.json()["error"] == "invalid_grant"
        assert third.json()["token_type"] == "DPoP"

    async def test_of_a_public_client_that_begins_to_prove(
        self, house: House, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 5: a token that comes of a refresh with a proof is bound as well."""
        app = await house.add_client("Native")
        first = await house.sign_in(app, ada)

        second = await refresh(house, app, first["refresh_token"], prover)
        bare = await refresh(house, app, second.json()["refresh_token"], None)
        third = await refresh(house, app, second.json()["refresh_token"], prover)

        assert first["token_type"] == "Bearer"
        assert second.json()["token_type"] == "DPoP"
        assert bare.json()["error"] == "invalid_grant"
        assert third.json()["token_type"] == "DPoP"

    async def test_of_a_confidential_client(
        self, house: House, web: RegisteredClient, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 5: bound by the client's authentication, so the key may change."""
        answer = await house.browser().authorize(web, user=ada, dpop_jkt=prover.jkt)
        first = (await exchange(house, web, answer["code"], prover)).json()
        other = Prover(seconds=house.clock.seconds)

        second = await refresh(house, web, first["refresh_token"], other)

        assert second.json()["token_type"] == "DPoP"
        token = second.json()["access_token"]
        with_other = await house.http.get(
            "/oidc/me", headers=other.presenting(token, "GET", USERINFO)
        )
        with_first = await house.http.get(
            "/oidc/me", headers=prover.presenting(token, "GET", USERINFO)
        )
        assert (with_other.status_code, with_first.status_code) == (200, 401)

    async def test_an_application_that_has_to(
        self, house: House, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 5.2: a refresh without a proof is no way round."""
        web = await house.add_client(metadata={"dpopBoundAccessTokens": True})
        answer = await house.browser().authorize(web, user=ada)
        first = (await exchange(house, web, answer["code"], prover)).json()

        bare = await refresh(house, web, first["refresh_token"], None)

        assert bare.json()["error"] == "invalid_dpop_proof"


class TestUserinfo:
    @pytest_asyncio.fixture
    async def token(self, house: House, web: RegisteredClient, ada: User, prover: Prover) -> str:
        """A token that is bound to the prover's key."""
        answer = await house.browser().authorize(web, user=ada)
        token: str = (await exchange(house, web, answer["code"], prover)).json()["access_token"]
        return token

    async def get(self, house: House, headers: dict[str, str]) -> httpx.Response:
        return await house.http.get("/oidc/me", headers=headers)

    async def test_with_the_key(self, house: House, token: str, prover: Prover) -> None:
        """RFC 9449 section 7.1, by GET and by POST."""
        got = await self.get(house, prover.presenting(token, "GET", USERINFO))
        posted = await house.http.post(
            "/oidc/me", headers=prover.presenting(token, "POST", USERINFO)
        )

        assert got.json()["username"] == posted.json()["username"] == "ada"

    async def test_stolen_token(self, house: House, token: str) -> None:
        """Without the key a token is of no use: as a bearer token in the header or the body, with
        no proof, or with another key's."""
        thief = Prover(seconds=house.clock.seconds)
        attempts = [
            await self.get(house, {"authorization": f"Bearer {token}"}),
            await house.http.post("/oidc/me", data={"access_token": token}),
            await self.get(house, {"authorization": f"DPoP {token}"}),
            await self.get(house, thief.presenting(token, "GET", USERINFO)),
            await self.get(
                house,
                {**thief.presenting(token, "GET", USERINFO), "authorization": f"Bearer {token}"},
            ),
        ]

        assert [answer.status_code for answer in attempts] == [401] * 5
        assert [answer.json()["error"] for answer in attempts] == [
            "invalid_token",
            "invalid_token",
            "invalid_dpop_proof",
            "invalid_token",
            "invalid_token",
        ]
        for answer in attempts:
            assert answer.headers["www-authenticate"].startswith("DPoP error=")

    async def test_downgrade_with_the_right_key(
        self, house: House, token: str, prover: Prover
    ) -> None:
        """RFC 9449 section 7.2: the scheme Bearer is refused even with a proof beside it."""
        headers = prover.presenting(token, "GET", USERINFO)

        answer = await self.get(house, {**headers, "authorization": f"Bearer {token}"})

        assert answer.status_code == 401

    async def test_bearer_token_as_bound(
        self, house: House, web: RegisteredClient, ada: User, prover: Prover
    ) -> None:
        """RFC 9449 section 7.1: a token that is bound to nothing is none of that scheme."""
        token = (await house.sign_in(web, ada))["access_token"]

        answer = await self.get(house, prover.presenting(token, "GET", USERINFO))

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")

    async def test_unknown_token(self, house: House, prover: Prover) -> None:
        """RFC 9449 section 7.1: the challenge is of the scheme that was used."""
        answer = await self.get(house, prover.presenting("unknown", "GET", USERINFO))

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')

    async def test_proof_for_another_token(self, house: House, token: str, prover: Prover) -> None:
        """RFC 9449 section 7: ath is the hash of this very token."""
        missing = {"authorization": f"DPoP {token}", "dpop": prover.proof("GET", USERINFO)}
        other = {
            "authorization": f"DPoP {token}",
            "dpop": prover.proof("GET", USERINFO, access_token="another"),
        }

        for headers in (missing, other):
            answer = await self.get(house, headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")

    async def test_proof_of_the_token_request(
        self, house: House, token: str, prover: Prover
    ) -> None:
        """Who sees one request cannot make another with its proof."""
        for method, url in (("POST", TOKEN), ("POST", USERINFO), ("GET", TOKEN)):
            answer = await self.get(house, prover.presenting(token, method, url))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")

    async def test_replay(self, house: House, token: str, prover: Prover) -> None:
        """RFC 9449 section 11.1: a proof opens a resource once."""
        headers = prover.presenting(token, "GET", USERINFO)
        assert (await self.get(house, headers)).status_code == 200

        answer = await self.get(house, headers)

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")

    async def test_challenge(self, house: House) -> None:
        """RFC 9449 section 7.1: who brings no token learns of both schemes."""
        answer = await self.get(house, {})

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == (
            f'Bearer realm="{ISSUER}", DPoP algs="ES256 ES384 ES512 PS256 RS256 EdDSA Ed25519"'
        )

    async def test_nonce(self, house: House, token: str, prover: Prover) -> None:
        """RFC 9449 section 9: a resource answers 401, with the challenge and the nonce."""
        headers = prover.presenting(token, "GET", USERINFO, nonce="old")

        refused = await self.get(house, headers)
        nonce = refused.headers["dpop-nonce"]
        given = await self.get(house, prover.presenting(token, "GET", USERINFO, nonce=nonce))

        assert refused.status_code == 401
        assert refused.json()["error"] == "use_dpop_nonce"
        assert refused.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
        assert given.status_code == 200
