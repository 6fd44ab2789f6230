"""RFC 7592: a client manages its registration with the token that it was given."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import pytest_asyncio

from doorward.applications.store import list_secrets
from doorward.registration.config import Mode
from doorward.users.tables import User
from tests.oidc.authorization.test_consent import ask, decide
from tests.oidc.house import House, RegisteredClient, answer_of
from tests.oidc.registration.test_register import CALLBACK, choose, refusal, registered

Told = dict[str, Any]


async def call(
    house: House, method: str, told: Told, *, token: str | None = None, **members: Any
) -> httpx.Response:
    token = token or told["registration_access_token"]
    return await house.http.request(
        method,
        f"/oidc/reg/{told['client_id']}",
        json={"client_id": told["client_id"], "redirect_uris": [CALLBACK]} | members
        if method == "PUT"
        else None,
        headers={"authorization": f"Bearer {token}"},
    )


@pytest_asyncio.fixture
async def told(house: House) -> Told:
    await choose(house)
    return await registered(house)


class TestRead:
    async def test_everything_but_the_secret(self, house: House, told: Told) -> None:
        """Section 3: what is registered, and where and how to change it. The secret was told."""
        answer = await call(house, "GET", told)

        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        shown = answer.json()
        hidden = {"client_secret", "client_secret_expires_at"}
        assert shown == {name: value for name, value in told.items() if name not in hidden}


class TestChange:
    async def test_the_whole_is_replaced(self, house: House, told: Told) -> None:
        """Section 2.2: what is left out is gone."""
        first = await call(house, "PUT", told, client_name="Writer", software_id="writer")
        second = await call(
            house,
            "PUT",
            told,
            token=first.json()["registration_access_token"],
            redirect_uris=["https://client.example/elsewhere"],
        )

        assert first.json()["software_id"] == "writer"
        assert "software_id" not in second.json()
        assert second.json()["redirect_uris"] == ["https://client.example/elsewhere"]
        await house.settle()
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)
        assert (await house.browser().request(client)).status_code == 400

    async def test_the_token_rotates(self, house: House, told: Told) -> None:
        """The old token is good for nothing, the new one for everything."""
        new = (await call(house, "PUT", told)).json()["registration_access_token"]

        assert new != told["registration_access_token"]
        for method in ("GET", "PUT", "DELETE"):
            assert refusal(await call(house, method, told)) == (401, "invalid_token")
        assert (await call(house, "GET", told, token=new)).status_code == 200

    async def test_at_once(self, house: House, told: Told) -> None:
        """One token, one change."""
        answers = await asyncio.gather(*(call(house, "PUT", told) for _ in range(6)))

        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5

    @pytest.mark.parametrize(
        "members",
        [
            {"client_id": "another"},
            {"client_id": None},
            {"client_secret": "chosen"},
            {"client_secret": 5},
            {"registration_access_token": "x"},
            {"registration_client_uri": "https://evil.example/"},
            {"client_id_issued_at": 0},
            {"client_secret_expires_at": 0},
        ],
    )
    async def test_what_the_server_says(self, house: House, told: Told, members: Told) -> None:
        """Section 2.2: a client MUST NOT set these, and a refusal costs no token."""
        assert refusal(await call(house, "PUT", told, **members)) == (400, "invalid_request")
        assert (await call(house, "GET", told)).status_code == 200

    async def test_its_secret_may_be_repeated(self, house: House, told: Told) -> None:
        """Section 2.2: if it is the current one; it stays, and is not told again."""
        answer = await call(house, "PUT", told, client_secret=told["client_secret"])

        assert answer.status_code == 200
        assert "client_secret" not in answer.json()

    async def test_the_rules_are_those_of_registration(self, house: House, told: Told) -> None:
        bad_uri = await call(house, "PUT", told, redirect_uris=["javascript:alert(1)"])
        bad_grant = await call(house, "PUT", told, grant_types=["client_credentials"])

        assert refusal(bad_uri) == (400, "invalid_redirect_uri")
        assert refusal(bad_grant) == (400, "invalid_client_metadata")

    async def test_pairwise_subjects_stay(self, house: House) -> None:
        """OpenID Connect Core section 8.1: in another sector, each user would be a stranger."""
        await choose(house)
        pairwise = {"subject_type": "pairwise"}
        told = await registered(house, **pairwise)

        moved = await call(
            house, "PUT", told, redirect_uris=["https://other.example/callback"], **pairwise
        )
        stayed = await call(house, "PUT", told, client_name="Same place", **pairwise)

        assert refusal(moved) == (400, "invalid_client_metadata")
        assert stayed.status_code == 200

    async def test_secrets_come_and_go(self, house: House, told: Told) -> None:
        """A client that becomes public has no secret; one that becomes confidential gets one."""
        public = await call(house, "PUT", told, token_endpoint_auth_method="none")
        kept = await list_secrets(house.db, tenant_id="default", application_id=told["client_id"])
        again = await call(house, "PUT", told, token=public.json()["registration_access_token"])

        assert "client_secret" not in public.json()
        assert kept == []
        assert again.json()["client_secret"] != told["client_secret"]

    async def test_users_are_asked_again(self, house: House, ada: User, told: Told) -> None:
        """Attack: whoever steals a registration token sends the answers elsewhere. What users
        allowed was for the client as it was."""
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)
        browser = house.browser()
        allowed = await decide(browser, await ask(browser, client, ada, scope="openid"), "allow")
        assert "code" in answer_of(allowed)
        silent = await browser.request(client, prompt=None, scope="openid")
        assert "code" in answer_of(silent)

        other = "https://client.example/other"
        await call(house, "PUT", told, redirect_uris=[other])
        await house.settle()

        moved = RegisteredClient(told["client_id"], told["client_secret"], other)
        answer = await browser.request(moved, prompt=None, scope="openid")
        assert answer.headers["location"].startswith("/consent?")


class TestEnd:
    async def test_the_client_is_gone(self, house: House, ada: User, told: Told) -> None:
        """Section 2.3: 204, and everything that was granted to it ends."""
        client = RegisteredClient(told["client_id"], told["client_secret"], CALLBACK)
        browser = house.browser()
        answer = await decide(browser, await ask(browser, client, ada), "allow")
        tokens = await house.exchange(client, answer_of(answer)["code"])

        ended = await call(house, "DELETE", told)
        await house.settle()

        assert (ended.status_code, ended.content) == (204, b"")
        assert not await house.is_good(tokens["access_token"])
        assert refusal(await call(house, "GET", told)) == (401, "invalid_token")
        assert (await house.browser().request(client)).status_code == 400

    async def test_at_once(self, house: House, told: Told) -> None:
        answers = await asyncio.gather(*(call(house, "DELETE", told) for _ in range(4)))

        assert sorted(answer.status_code for answer in answers) == [204, 401, 401, 401]


class TestStrangers:
    async def test_the_token_of_another_client(self, house: House, told: Told) -> None:
        """Section 2: a token manages one client; the refusal tells nothing of the other."""
        other = await registered(house, client_name="Other")

        for method in ("GET", "PUT", "DELETE"):
            stolen = await call(house, method, told, token=other["registration_access_token"])
            missing = await call(
                house,
                method,
                {"client_id": "nobody"},
                token=other["registration_access_token"],
            )
            assert refusal(stolen) == (401, "invalid_token")
            assert stolen.json() == missing.json()
        assert (await call(house, "GET", told)).status_code == 200

    async def test_no_other_credentials(self, house: House, told: Told) -> None:
        """Neither the client's secret, nor nothing, nor a token in the query."""
        path = f"/oidc/reg/{told['client_id']}"

        basic = await house.http.get(path, auth=(told["client_id"], told["client_secret"]))
        none = await house.http.get(path)
        query = await house.http.get(
            path, params={"access_token": told["registration_access_token"]}
        )

        for answer in (basic, none, query):
            assert refusal(answer) == (401, "invalid_token")
            assert answer.headers["www-authenticate"].startswith("Bearer")

    async def test_clients_that_were_not_registered(self, house: House, told: Told) -> None:
        """What an administrator made has no such token, whatever is sent."""
        made = await house.add_client()

        answer = await call(
            house, "DELETE", {"client_id": made.id}, token=told["registration_access_token"]
        )

        assert refusal(answer) == (401, "invalid_token")

    @pytest.mark.parametrize("id_", ["", "x" * 500, "%00", "a%2Fb", "..%2f..", "'; DROP TABLE"])
    async def test_odd_ids(self, house: House, told: Told, id_: str) -> None:
        answer = await house.http.get(
            f"/oidc/reg/{id_}",
            headers={"authorization": f"Bearer {told['registration_access_token']}"},
        )

        assert answer.status_code == 401

    async def test_other_methods(self, house: House, told: Told) -> None:
        for method in ("POST", "PATCH", "HEAD"):
            assert (await call(house, method, told)).status_code == 404

    async def test_switched_off_later(self, house: House, told: Told) -> None:
        """Who registered while that was possible can still manage and end it."""
        await choose(house, Mode.CLOSED)

        assert (await call(house, "GET", told)).status_code == 200
        assert (await call(house, "DELETE", told)).status_code == 204
