"""Introspection and revocation."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import pytest_asyncio

from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient

BOOKS = "https://books.example/api"


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

    async def test_ends(self, house: House, ada: User) -> None:
        """RFC 7662 section 4: whether a token has expired, been revoked or replaced is looked at
        each time it is asked about."""
        client = await house.add_client()
        browser = house.browser()
        kept, ended = [await house.sign_in(client, ada, browser=browser) for _ in range(2)]
        await revoked(house, client, ended["refresh_token"])

        assert await introspected(house, client, ended["access_token"]) == {"active": False}
        assert await introspected(house, client, ended["refresh_token"]) == {"active": False}
        house.pass_time(seconds=3601)
        assert await introspected(house, client, kept["access_token"]) == {"active": False}
        assert (await introspected(house, client, kept["refresh_token"]))["active"] is True
        house.pass_time(days=14)
        assert await introspected(house, client, kept["refresh_token"]) == {"active": False}

    @pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_hints(
        self, house: House, web: RegisteredClient, ada: User, kind: str, hint: str
    ) -> None:
        """RFC 7662 section 2.1: with a wrong hint the search goes on among the other types."""
        form = {"token": (await house.sign_in(web, ada))[kind], "token_type_hint": hint}

        answer = await house.http.post("/oidc/token/introspection", data=form | web.credentials)

        assert answer.json()["active"] is True

    async def test_wrong_credentials(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 7662 section 2.3: 401 as RFC 6749 section 5.2 says, not an answer of any kind."""
        form = {"token": (await house.sign_in(web, ada))["access_token"]}

        answer = await house.http.post(
            "/oidc/token/introspection", data=form, auth=(web.id, "wrong")
        )

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")

    @pytest.mark.parametrize("path", ["introspection", "revocation"])
    async def test_no_token(self, house: House, web: RegisteredClient, path: str) -> None:
        """The one parameter that is required."""
        answer = await house.http.post(f"/oidc/token/{path}", data=web.credentials)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"


class TestJwts:
    """RFC 7662 section 2.2: a JWT is a token like any other to who asks about it."""

    @pytest_asyncio.fixture
    async def token(self, house: House, web: RegisteredClient, ada: User) -> str:
        """A JWT access token of Ada's."""
        ids = await house.add_resource(BOOKS)
        await house.add_role(scope_ids=[ids["read:books"]], user=ada)
        tokens = await house.sign_in(web, ada, scope="read:books", resource=BOOKS)
        token: str = tokens["access_token"]
        return token

    async def test_active(self, house: House, web: RegisteredClient, ada: User, token: str) -> None:
        """RFC 7662 section 2.2: what it says of itself, to each client with a secret."""
        service = await house.add_client()

        answer = await introspected(house, service, token)

        issued_at = answer.pop("iat")
        assert abs(answer.pop("auth_time") - issued_at) <= 5
        assert answer == {
            "active": True,
            "sub": ada.id,
            "client_id": web.id,
            "exp": issued_at + 3600,
            "iss": "http://localhost:3001/oidc",
            "aud": BOOKS,
            "scope": "read:books",
            "token_type": "Bearer",
            "acr": "urn:doorward:acr:password",
            "amr": ["pwd"],
        }

    async def test_of_a_machine(self, house: House, web: RegisteredClient) -> None:
        """RFC 9068 section 2.2: without a person the subject is the client."""
        await house.add_resource(BOOKS)
        machine = await house.add_client("MachineToMachine", redirect_uris=())
        form = {"grant_type": "client_credentials", "resource": BOOKS, **machine.credentials}
        token = (await house.token(form)).json()["access_token"]

        answer = await introspected(house, web, token)

        assert (answer["active"], answer["sub"], answer["aud"]) == (True, machine.id, BOOKS)
        await house.remove_client(machine)
        assert await introspected(house, web, token) == {"active": False}

    async def test_of_a_pairwise_client(self, house: House, web: RegisteredClient) -> None:
        """OpenID Connect Core section 8: the subject stays the one that the client knows."""
        await house.add_resource(BOOKS)
        client = await house.add_client(metadata={"subjectType": "pairwise"})
        ada = await house.add_user("adele")
        tokens = await house.sign_in(client, ada, resource=BOOKS, scope="read:books")

        answer = await introspected(house, web, tokens["access_token"])

        assert answer["active"] is True
        assert len(answer["sub"]) == 43

    async def test_expired(self, house: House, web: RegisteredClient, token: str) -> None:
        """RFC 7662 section 4: whether it has expired."""
        house.pass_time(seconds=3601)

        assert await introspected(house, web, token) == {"active": False}

    async def test_forged(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User, token: str
    ) -> None:
        """RFC 7662 section 4: the signature is checked, and what was signed for another purpose or
        by another tenant is no access token here."""
        header, claims, signature = token.split(".")
        id_token = (await house.sign_in(web, ada))["id_token"]
        neighbour = await admin_house.add_client()
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
        other = "A" if signature[0] != "A" else "B"

        for value in (
            f"{header}.{claims}.{other}{signature[1:]}",
            f"{header}.{claims}.",
            f"{unsigned}.{claims}.",
            f"{unsigned}.{claims}.{signature}",
            "..",
            "a.b.c",
            id_token,
        ):
            assert await introspected(house, web, value) == {"active": False}
        assert await introspected(admin_house, neighbour, token) == {"active": False}

    async def test_user_and_client_gone(
        self, house: House, web: RegisteredClient, ada: User, token: str
    ) -> None:
        """A JWT says less than we know: its user may be suspended, its client deleted."""
        service = await house.add_client()

        await house.change_user(ada, is_suspended=True)
        assert await introspected(house, service, token) == {"active": False}
        await house.change_user(ada, is_suspended=False)
        assert (await introspected(house, service, token))["active"] is True
        await house.remove_client(web)
        assert await introspected(house, service, token) == {"active": False}

    async def test_its_grant_ended(
        self, house: House, web: RegisteredClient, ada: User, token: str
    ) -> None:
        """RFC 7662 section 2.2, RFC 6749 section 4.1.2: signed out, or revoked, is not active."""
        assert (await introspected(house, web, token))["active"] is True

        await house.end_sessions(ada)

        assert await introspected(house, web, token) == {"active": False}

    async def test_strangers(self, house: House, web: RegisteredClient, token: str) -> None:
        """RFC 7662 section 4: a public client, or one of a third party, learns of its own only."""
        page, partner = await house.add_client("SPA"), await house.add_client(is_third_party=True)

        assert await introspected(house, page, token) == {"active": False}
        assert await introspected(house, partner, token) == {"active": False}

    async def test_revocation(self, house: House, web: RegisteredClient, token: str) -> None:
        """RFC 7009 section 2.2.1: unsupported_token_type, since nothing of a JWT is stored."""
        form = {"token": token} | web.credentials

        answer = await house.http.post("/oidc/token/revocation", data=form)

        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_token_type")


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
        """RFC 7009 section 2.1: the whole grant ends; with a wrong hint the search goes on."""
        tokens = await house.sign_in(web, ada)
        other = (await house.sign_in(web, ada))["access_token"]

        assert await revoked(house, web, tokens["refresh_token"], token_type_hint=hint) == 200
        assert await revoked(house, web, other, token_type_hint=hint) == 200

        assert not await house.is_good(other)
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
