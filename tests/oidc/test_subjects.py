"""Pairwise subject identifiers (OpenID Connect Core section 8)."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.app import create_app
from doorward.applications.sectors import check_sector
from doorward.errors import RequestError
from doorward.users.store import delete_user, find_user
from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient, answer_of

BOOKS = "https://books.example/api"


async def pairwise_client(house: House, *hosts: str, **metadata: Any) -> RegisteredClient:
    return await house.add_client(
        redirect_uris=tuple(f"https://{host}/callback" for host in hosts),
        post_logout_redirect_uris=(),
        metadata={"subjectType": "pairwise", **metadata},
    )


async def subject(house: House, client: RegisteredClient, user: User) -> str:
    tokens = await house.sign_in(client, user)
    claims = await house.verify(tokens["id_token"], typ="jwt")
    return str(claims["sub"])


class TestSubjects:
    async def test_one_for_each_sector_and_user(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 8.1: the same within a sector, another for other sectors and
        other users."""
        grace = await house.add_user("grace")
        first = await pairwise_client(house, "one.example")
        same = await pairwise_client(house, "one.example")
        other = await pairwise_client(house, "two.example")
        joined = await pairwise_client(
            house, "three.example", sectorIdentifierUri="https://one.example/sector.json"
        )

        seen = [await subject(house, client, ada) for client in (first, same, other, joined)]

        assert seen[0] == seen[1] == seen[3] != seen[2]
        assert await subject(house, first, grace) not in seen
        # Section 8.1: it MUST NOT be reversible, nor be the user id.
        assert all(len(value) == 43 and ada.id not in value for value in seen)

    async def test_never_given_again(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core sections 2 and 5.7: whoever bears a name after its owner has gone is
        somebody else."""
        pairwise = await pairwise_client(house, "one.example")
        before = [await subject(house, client, ada) for client in (web, pairwise)]
        async with house.db.transaction("default") as tx:
            await delete_user(tx, tenant_id="default", user_id=ada.id)
        again = await house.add_user("ada")

        after = [await subject(house, client, again) for client in (web, pairwise)]

        assert set(before).isdisjoint(after)

    async def test_the_same_everywhere(self, house: House, ada: User) -> None:
        """ID token, userinfo, introspection and a JWT access token name one person alike."""
        ids = await house.add_resource()
        await house.add_role(scope_ids=list(ids.values()), user=ada)
        client = await pairwise_client(house, "one.example")
        answer = await house.browser().authorize(
            client, user=ada, resource=BOOKS, scope="openid offline_access read:books"
        )
        tokens = await house.exchange(client, answer["code"])
        refreshed = (await house.refresh(client, tokens["refresh_token"], resource=BOOKS)).json()

        expected = (await house.verify(tokens["id_token"], typ="jwt"))["sub"]
        introspection = await house.http.post(
            "/oidc/token/introspection",
            data={"token": tokens["access_token"]} | client.credentials,
        )
        assert (await house.userinfo(tokens["access_token"])).json()["sub"] == expected
        assert introspection.json()["sub"] == expected
        assert (await house.verify(refreshed["access_token"], typ="at+jwt"))["sub"] == expected
        assert (await house.verify(refreshed["id_token"], typ="jwt"))["sub"] == expected
        assert ada.id not in str(tokens | refreshed | introspection.json())

    async def test_sessions_too(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 8: what clients see of a session does not join what `sub`
        keeps apart; within a sector it is one, also in the frames of Front-Channel Logout."""
        browser = house.browser()
        one = await pairwise_client(
            house, "one.example", frontchannelLogoutUri="https://one.example/out"
        )
        same = await pairwise_client(house, "one.example")
        two = await pairwise_client(house, "two.example")
        sids = []
        for client in (web, one, same, two):
            tokens = await house.sign_in(client, ada, browser=browser)
            sids.append((await house.verify(tokens["id_token"], typ="jwt"))["sid"])

        answer = await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        assert sids[1] == sids[2]
        assert len(set(sids)) == 3
        assert f"sid={sids[1]}" in answer.text
        assert sids[0] not in answer.text

    async def test_the_secret_is_made_once(self, house: House, ada: User) -> None:
        """Restarting changes nobody: the secret is stored."""
        client = await pairwise_client(house, "one.example")
        before = await subject(house, client, ada)
        other = create_app(house.app.settings, clock=house.clock)
        await other.start()
        node = House(other, house.db, house.clock, house.sealer)

        assert await subject(node, client, ada) == before
        await other.stop()


class TestHints:
    async def test_an_id_token_hint_names_the_user(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 3.1.2.1: prompt=none with the hint of the one who is signed
        in is answered, with that of another is login_required."""
        grace = await house.add_user("grace")
        client = await pairwise_client(house, "one.example")
        browser = house.browser()
        own = (await house.sign_in(client, ada, browser=browser))["id_token"]
        others = (await house.sign_in(client, grace))["id_token"]

        granted = answer_of(await browser.request(client, prompt="none", id_token_hint=own))
        refused = answer_of(await browser.request(client, prompt="none", id_token_hint=others))

        assert "code" in granted
        assert refused["error"] == "login_required"

    async def test_sign_out_understands_it(self, house: House, ada: User) -> None:
        client = await pairwise_client(house, "one.example")
        browser = house.browser()
        tokens = await house.sign_in(client, ada, browser=browser)

        answer = await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        assert answer.status_code == 303
        assert answer.headers["location"] == "/oidc/session/end/success"

    async def test_a_hint_of_a_public_client_counts_for_a_pairwise_one(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """A hint is read in the terms of the client that it was made for."""
        client = await pairwise_client(house, "one.example")
        browser = house.browser()
        hint = (await house.sign_in(web, ada, browser=browser))["id_token"]

        answer = answer_of(await browser.request(client, prompt="none", id_token_hint=hint))

        assert "code" in answer


class TestAttacks:
    async def test_a_pairwise_value_is_no_user_id(self, house: House, ada: User) -> None:
        """Even an account whose id is somebody's pairwise value does not become that somebody."""
        client = await pairwise_client(house, "one.example")
        value = await subject(house, client, ada)
        tokens = await house.sign_in(client, ada)

        assert await find_user(house.db, tenant_id="default", user_id=value) is None
        assert (await house.userinfo(tokens["access_token"])).json()["username"] == "ada"

    async def test_a_token_for_the_management_api_opens_nothing(
        self, house: House, ada: User
    ) -> None:
        """Its subject is no user of the tenant."""
        client = await pairwise_client(house, "one.example")
        resource = "https://default.logto.app/api"
        answer = await house.browser().authorize(
            client, user=ada, resource=resource, scope="offline_access all"
        )
        tokens = await house.exchange(client, answer["code"], resource=resource)

        refused = await house.http.get(
            "/api/users", headers={"authorization": f"Bearer {tokens['access_token']}"}
        )

        assert refused.status_code == 401


class TestSector:
    """The rule that every way to store an application shares."""

    @pytest.mark.parametrize(
        ("metadata", "before", "is_refused"),
        [
            ({"redirectUris": ["https://a.example/1", "https://b.example/1"]}, None, True),
            ({"redirectUris": []}, None, True),
            ({"redirectUris": ["com.example.app:/callback"]}, None, True),
            ({"redirectUris": ["https://a.example/1", "https://a.example:8443/2"]}, None, False),
            (
                {
                    "redirectUris": ["https://a.example/1", "https://b.example/1"],
                    "sectorIdentifierUri": "https://c.example/sector.json",
                },
                None,
                False,
            ),
            (
                {"redirectUris": ["https://b.example/1"]},
                {"redirectUris": ["https://a.example/1"], "subjectType": "pairwise"},
                True,
            ),
            (
                {"redirectUris": ["https://a.example/2"]},
                {"redirectUris": ["https://a.example/1"], "subjectType": "pairwise"},
                False,
            ),
            (
                {"redirectUris": ["https://b.example/1"]},
                {"redirectUris": ["https://a.example/1"], "subjectType": "public"},
                False,
            ),
            (
                {
                    "redirectUris": ["https://a.example/1"],
                    "sectorIdentifierUri": "https://c.example/sector.json",
                },
                {"redirectUris": ["https://a.example/1"], "subjectType": "pairwise"},
                True,
            ),
        ],
    )
    def test_check(
        self, metadata: dict[str, Any], before: dict[str, Any] | None, is_refused: bool
    ) -> None:
        """OpenID Connect Core section 8.1: several hosts MUST have a sector_identifier_uri. A
        change of the sector would make strangers of all users."""
        if is_refused:
            with pytest.raises(RequestError, match=r"guard\.invalid_input"):
                check_sector({"subjectType": "pairwise", **metadata}, before=before)
        else:
            check_sector({"subjectType": "pairwise", **metadata}, before=before)
