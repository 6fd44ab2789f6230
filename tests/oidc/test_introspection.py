"""Introspection and revocation."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient


async def introspected(house: House, client: RegisteredClient, token: str) -> dict[str, Any]:
    answer = await house.http.post(
        "/oidc/token/introspection", data={"token": token} | client.credentials
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def revoked(house: House, client: RegisteredClient, token: str, **form: str) -> int:
    answer = await house.http.post(
        "/oidc/token/revocation", data={"token": token} | client.credentials | form
    )
    return answer.status_code


class TestIntrospection:
    async def test_access_token(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7662 section 2.2, and RFC 9470 section 6.2: how and when the user signed in."""
        tokens = await house.sign_in(web, ada)

        answer = await introspected(house, web, tokens["access_token"])

        issued_at = answer.pop("iat")
        assert abs(issued_at - house.clock.seconds()) <= 5
        assert abs(answer.pop("auth_time") - issued_at) <= 5
        assert answer == {
            "active": True,
            "sub": ada.id,
            "client_id": web.id,
            "exp": issued_at + 3600,
            "iss": "http://localhost:3001/oidc",
            "scope": "openid profile offline_access",
            "token_type": "Bearer",
            "acr": "urn:doorward:acr:password",
            "amr": ["pwd"],
        }

    async def test_a_third_party_learns_of_its_own_tokens_only(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 7662 section 4: who can register itself must not look at everybody's tokens."""
        partner = await house.add_client(is_third_party=True)
        tokens = await house.sign_in(web, ada)

        assert await introspected(house, partner, tokens["access_token"]) == {"active": False}

    async def test_refresh_token(self, house: House, ada: User) -> None:
        """A refresh token is active until it is replaced."""
        client = await house.add_client("Native")
        first = (await house.sign_in(client, ada))["refresh_token"]
        assert (await introspected(house, client, first))["active"] is True

        second = (await house.refresh(client, first)).json()["refresh_token"]

        assert await introspected(house, client, first) == {"active": False}
        assert (await introspected(house, client, second))["active"] is True

    async def test_other_clients(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7662 section 4: a client with a secret may ask about any token, one without only
        about its own."""
        service, page = await house.add_client(), await house.add_client("SPA")
        token = (await house.sign_in(web, ada))["access_token"]
        own = (await house.sign_in(page, ada))["access_token"]

        assert (await introspected(house, service, token))["active"] is True
        assert await introspected(house, page, token) == {"active": False}
        assert (await introspected(house, page, own))["active"] is True

    async def test_strangers(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7662 section 2.1: the endpoint MUST require authorization."""
        token = (await house.sign_in(web, ada))["access_token"]

        for form in ({}, {"client_id": web.id}, {"client_id": web.id, "client_secret": "x"}):
            answer = await house.http.post(
                "/oidc/token/introspection", data={"token": token} | form
            )
            assert answer.status_code in {400, 401}
            assert "active" not in answer.json()

    async def test_not_active(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 7662 section 2.2: of a token that is not good nothing is said but that."""
        tokens = await house.sign_in(web, ada)
        other = await admin_house.add_client()

        assert await introspected(house, web, "unknown") == {"active": False}
        assert await introspected(house, web, tokens["access_token"][:-1]) == {"active": False}
        assert await introspected(admin_house, other, tokens["access_token"]) == {"active": False}
        await house.change_user(ada, is_suspended=True)
        assert await introspected(house, web, tokens["access_token"]) == {"active": False}
        assert await introspected(house, web, tokens["refresh_token"]) == {"active": False}

    @pytest.mark.parametrize("path", ["introspection", "revocation"])
    async def test_jwt(self, house: House, web: RegisteredClient, ada: User, path: str) -> None:
        """RFC 7009 section 2.2.1: unsupported_token_type, since nothing of a JWT is stored."""
        tokens = await house.sign_in(web, ada)

        answer = await house.http.post(
            f"/oidc/token/{path}", data={"token": tokens["id_token"]} | web.credentials
        )

        assert answer.status_code == 400
        assert answer.json()["error"] == "unsupported_token_type"

    @pytest.mark.parametrize("path", ["introspection", "revocation"])
    async def test_no_token(self, house: House, web: RegisteredClient, path: str) -> None:
        """The one parameter that is required."""
        answer = await house.http.post(f"/oidc/token/{path}", data=web.credentials)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"


class TestRevocation:
    async def test_access_token(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7009 section 2: the token is gone, the grant stays."""
        tokens = await house.sign_in(web, ada)

        assert await revoked(house, web, tokens["access_token"]) == 200

        assert not await house.is_good(tokens["access_token"])
        assert (await house.refresh(web, tokens["refresh_token"])).status_code == 200
        (entry,) = await house.audit("RevokeToken")
        assert entry["applicationId"] == web.id

    @pytest.mark.parametrize("hint", ["refresh_token", "access_token", "nonsense"])
    async def test_refresh_token(
        self, house: House, web: RegisteredClient, ada: User, hint: str
    ) -> None:
        """RFC 7009 section 2.1: the whole grant ends; a wrong hint does not matter."""
        tokens = await house.sign_in(web, ada)

        assert await revoked(house, web, tokens["refresh_token"], token_type_hint=hint) == 200

        assert not await house.is_good(tokens["access_token"])
        assert (await house.refresh(web, tokens["refresh_token"])).status_code == 400

    async def test_replaced_refresh_token(self, house: House, ada: User) -> None:
        """A client that lost the newest one can still end the family with an older one."""
        client = await house.add_client("Native")
        first = (await house.sign_in(client, ada))["refresh_token"]
        second = (await house.refresh(client, first)).json()["refresh_token"]

        assert await revoked(house, client, first) == 200

        assert (await house.refresh(client, second)).status_code == 400

    async def test_again(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7009 section 2.2: an unknown token is 200, and nothing is recorded of it."""
        tokens = await house.sign_in(web, ada)
        await revoked(house, web, tokens["access_token"])

        assert await revoked(house, web, tokens["access_token"]) == 200
        assert await revoked(house, web, "unknown") == 200
        assert len(await house.audit("RevokeToken")) == 1

    async def test_foreign_client(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7009 section 2.1: a token of another client is not revoked."""
        other = await house.add_client()
        tokens = await house.sign_in(web, ada)

        assert await revoked(house, other, tokens["access_token"]) == 400
        assert await revoked(house, other, tokens["refresh_token"]) == 400

        assert await house.is_good(tokens["access_token"])
        assert (await house.refresh(web, tokens["refresh_token"])).status_code == 200
