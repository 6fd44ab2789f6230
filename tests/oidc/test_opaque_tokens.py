"""Opaque access tokens for APIs that ask for them, of people and of machines."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam

from doorward.kit.jose import decode_base64url
from doorward.oidc.bearer import open_access_token
from doorward.oidc.tables import revoked_tokens
from doorward.sweep import sweep
from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient

API = "https://books.example/api"


async def introspected(house: House, client: RegisteredClient, token: str) -> dict[str, Any]:
    answer = await house.http.post(
        "/oidc/token/introspection", data={"token": token} | client.credentials
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def remembered(house: House) -> int:
    query = revoked_tokens.select().where(revoked_tokens.c.tenant_id == bindparam("tenant_id"))
    return len(await house.db.all(query, tenant_id=house.tenant_id))


class TestOfAUser:
    @pytest.fixture
    async def tokens(self, house: House, web: RegisteredClient, ada: User) -> dict[str, Any]:
        ids = await house.add_resource(is_opaque=True, scopes=("read:books", "openid"))
        await house.add_role(scope_ids=list(ids.values()), user=ada)
        answer = await house.browser().authorize(
            web, user=ada, resource=API, scope="openid offline_access read:books"
        )
        return await house.exchange(web, answer["code"], resource=API)

    async def test_the_api_asks_what_it_is_worth(
        self, house: House, web: RegisteredClient, ada: User, tokens: dict[str, Any]
    ) -> None:
        """RFC 7662 section 2.2: with aud, so that an API refuses tokens of another."""
        answer = await introspected(house, web, tokens["access_token"])

        assert tokens["access_token"].count(".") == 0
        assert answer["active"] is True
        assert (answer["aud"], answer["sub"]) == (API, ada.id)
        assert answer["scope"] == "openid read:books"

    async def test_is_not_for_userinfo(self, house: House, tokens: dict[str, Any]) -> None:
        """Not even when the API has a scope of its own that is called openid."""
        assert (await house.userinfo(tokens["access_token"])).status_code == 403

    async def test_ends_with_the_grant(
        self, house: House, web: RegisteredClient, tokens: dict[str, Any]
    ) -> None:
        """RFC 7009 section 2.1: what a JWT cannot do."""
        await house.http.post(
            "/oidc/token/revocation",
            data={"token": tokens["refresh_token"]} | web.credentials,
        )

        assert await introspected(house, web, tokens["access_token"]) == {"active": False}

    async def test_revoked_alone(
        self, house: House, web: RegisteredClient, tokens: dict[str, Any]
    ) -> None:
        """RFC 7009 section 2: neither its grant nor another token of it ends; and in no spelling
        does it come back."""
        next_one = (await house.refresh(web, tokens["refresh_token"], resource=API)).json()
        token = tokens["access_token"]
        await house.http.post("/oidc/token/revocation", data={"token": token} | web.credentials)

        for spelling in (token, *(token[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
            assert await introspected(house, web, spelling) == {"active": False}
        assert (await introspected(house, web, next_one["access_token"]))["active"] is True

    async def test_in_another_tenant(
        self, house: House, web: RegisteredClient, tokens: dict[str, Any]
    ) -> None:
        """A token is sealed for its tenant: no other opens it, whoever asks."""
        opened = [
            open_access_token(
                tokens["access_token"], tenant_id=tenant, sealer=house.sealer, now=house.clock.now()
            )
            for tenant in (house.tenant_id, "admin")
        ]

        assert [token is not None for token in opened] == [True, False]

    async def test_is_unreadable(
        self, house: House, ada: User, web: RegisteredClient, tokens: dict[str, Any]
    ) -> None:
        """RFC 6749 section 1.4: opaque to the client, who reads neither person nor API in it."""
        content = decode_base64url(tokens["access_token"].removeprefix("at_"))

        for readable in (ada.id, web.id, API, "read:books"):
            assert readable.encode() not in content


class TestOfAMachine:
    @pytest.fixture
    async def machine(self, house: House) -> RegisteredClient:
        ids = await house.add_resource(is_opaque=True)
        machine = await house.add_client("MachineToMachine", redirect_uris=())
        await house.add_role(scope_ids=[ids["read:books"]], client=machine)
        return machine

    async def token(self, house: House, machine: RegisteredClient) -> str:
        form = {"grant_type": "client_credentials", "resource": API, "scope": "read:books"}
        answer = await house.token(form | machine.credentials)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"access_token", "expires_in", "scope", "token_type"}
        return str(answer.json()["access_token"])

    async def test_the_api_asks_what_it_is_worth(
        self, house: House, web: RegisteredClient, machine: RegisteredClient
    ) -> None:
        token = await self.token(house, machine)

        answer = await introspected(house, web, token)

        issued_at = answer.pop("iat")
        assert answer == {
            "active": True,
            "sub": machine.id,
            "client_id": machine.id,
            "exp": issued_at + 3600,
            "iss": "http://localhost:3001/oidc",
            "aud": API,
            "scope": "read:books",
            "token_type": "Bearer",
        }
        assert (await house.userinfo(token)).status_code == 401

    @pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t + "A", lambda t: t[3:]])
    async def test_truncated_and_padded(
        self, house: House, machine: RegisteredClient, spoil: Any
    ) -> None:
        token = await self.token(house, machine)
        assert await introspected(house, machine, spoil(token)) == {"active": False}

    async def test_revoked(
        self, house: House, web: RegisteredClient, machine: RegisteredClient
    ) -> None:
        """RFC 7009 section 2.1: by its own client, and by no other."""
        token = await self.token(house, machine)
        form = {"token": token}

        refused = await house.http.post("/oidc/token/revocation", data=form | web.credentials)
        assert refused.status_code == 400
        assert (await introspected(house, web, token))["active"] is True
        await house.http.post("/oidc/token/revocation", data=form | machine.credentials)
        assert await introspected(house, web, token) == {"active": False}

    async def test_ends_with_its_client_and_its_time(
        self, house: House, web: RegisteredClient, machine: RegisteredClient
    ) -> None:
        token = await self.token(house, machine)
        await house.remove_client(machine)
        assert await introspected(house, web, token) == {"active": False}

    async def test_expires(
        self, house: House, web: RegisteredClient, machine: RegisteredClient
    ) -> None:
        token = await self.token(house, machine)

        house.pass_time(minutes=59)
        assert (await introspected(house, web, token))["active"] is True
        house.pass_time(minutes=1)
        assert await introspected(house, web, token) == {"active": False}

    async def test_nothing_of_it_is_stored(self, house: House, machine: RegisteredClient) -> None:
        """What was revoked is remembered for as long as somebody could present it."""
        await self.token(house, machine)
        form = {"token": await self.token(house, machine)} | machine.credentials

        for _ in range(2):
            answer = await house.http.post("/oidc/token/revocation", data=form)
            assert answer.status_code == 200
        await sweep(house.db, clock=house.clock)
        assert await remembered(house) == 1
        assert len(await house.audit("RevokeToken")) == 1
        house.pass_time(hours=1, seconds=1)
        await sweep(house.db, clock=house.clock)
        assert await remembered(house) == 0
