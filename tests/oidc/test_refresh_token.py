"""The refresh_token grant: rotation, and what happens to a token that is used again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from doorward.users.tables import User
from tests.oidc.house import House, RegisteredClient


async def refreshed(house: House, client: RegisteredClient, token: str) -> dict[str, Any]:
    answer = await house.refresh(client, token)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


class TestRefresh:
    async def test_tokens(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 6 and OpenID Connect Core section 12.2: same person, same sign-in, and
        no nonce."""
        first = await house.sign_in(web, ada)
        house.pass_time(seconds=100)

        tokens = await refreshed(house, web, first["refresh_token"])

        before = await house.verify(first["id_token"], typ="jwt")
        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert (claims["iss"], claims["sub"], claims["aud"]) == (
            before["iss"], before["sub"], before["aud"],
        )  # fmt: skip
        assert claims["auth_time"] == before["auth_time"]
        assert claims["iat"] > before["iat"]
        assert "nonce" not in claims
        assert await house.is_good(tokens["access_token"])

    async def test_for_a_resource(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 8707 section 2.2, RFC 9700 section 4.14.2: one refresh token, a token for each
        resource that was authorized and for no other."""
        ids = await house.add_resource()
        await house.add_role(scope_ids=[ids["read:books"]], user=ada)
        first = await house.sign_in(
            web,
            ada,
            resource="https://books.example/api",
            scope="openid offline_access read:books write:books",
        )

        answer = await house.refresh(
            web, first["refresh_token"], resource="https://books.example/api"
        )

        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["aud"] == "https://books.example/api"
        assert claims["scope"] == "read:books"
        other = await house.refresh(web, first["refresh_token"], resource="https://x.example")
        assert other.json()["error"] == "invalid_target"

    async def test_fewer_scopes(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 6, RFC 9700 section 4.14.2: fewer scopes may be asked for, never others;
        the refresh token keeps its own."""
        first = await house.sign_in(web, ada)

        fewer = await house.refresh(web, first["refresh_token"], scope="openid")
        other = await house.refresh(web, first["refresh_token"], scope="openid email")
        again = await house.refresh(web, first["refresh_token"])

        assert fewer.json()["scope"] == "openid"
        assert "username" in await house.verify(first["id_token"], typ="jwt")
        assert "username" not in await house.verify(fewer.json()["id_token"], typ="jwt")
        assert other.json()["error"] == "invalid_scope"
        assert other.json()["scope"] == "email"
        assert again.json()["scope"] == "openid profile offline_access"

    async def test_a_new_token_has_all_scopes(self, house: House, ada: User) -> None:
        """RFC 6749 section 6: the scope of a new refresh token is that of the one it replaces,
        however few an access token was asked for."""
        client = await house.add_client("Native")
        first = await house.sign_in(client, ada)

        fewer = (await house.refresh(client, first["refresh_token"], scope="openid")).json()
        again = await house.refresh(client, fewer["refresh_token"])

        assert fewer["refresh_token"] != first["refresh_token"]
        assert fewer["scope"] == "openid"
        assert again.json()["scope"] == "openid profile offline_access"

    @pytest.mark.parametrize("organization_id", ["org", "default"])
    async def test_organizations(
        self, house: House, web: RegisteredClient, ada: User, organization_id: str
    ) -> None:
        """Nobody is a member of an organization that does not exist."""
        first = await house.sign_in(web, ada)

        answer = await house.refresh(web, first["refresh_token"], organization_id=organization_id)

        assert answer.status_code == 403
        assert answer.json()["error_description"] == "user is not a member of the organization"


class TestRotation:
    @pytest.mark.parametrize("type_", ["SPA", "Native"])
    @pytest.mark.parametrize("custom", [{}, {"rotateRefreshToken": False}])
    async def test_public(
        self, house: House, ada: User, type_: str, custom: dict[str, Any]
    ) -> None:
        """RFC 9700 section 2.2.2: a public client's refresh token MUST rotate, whatever is set."""
        client = await house.add_client(type_, **custom)
        first = await house.sign_in(client, ada)

        second = await refreshed(house, client, first["refresh_token"])

        assert second["refresh_token"] != first["refresh_token"]

    async def test_confidential(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A confidential client's token rotates when 70% of its 14 days are over."""
        token = (await house.sign_in(web, ada))["refresh_token"]

        house.pass_time(days=9.7)
        assert (await refreshed(house, web, token))["refresh_token"] == token
        house.pass_time(days=0.2)
        rotated = (await refreshed(house, web, token))["refresh_token"]

        assert rotated != token
        house.pass_time(days=13)
        await refreshed(house, web, rotated)

    async def test_turned_off(self, house: House, ada: User) -> None:
        """rotateRefreshToken false: a confidential client keeps its token to the end."""
        client = await house.add_client(rotateRefreshToken=False)
        token = (await house.sign_in(client, ada))["refresh_token"]

        house.pass_time(days=13.9)
        assert (await refreshed(house, client, token))["refresh_token"] == token
        house.pass_time(days=0.2)

        assert (await house.refresh(client, token)).json()["error"] == "invalid_grant"

    async def test_single_page_applications_do_not_slide(self, house: House, ada: User) -> None:
        """A rotated token of a browser application keeps the remaining lifetime."""
        client = await house.add_client("SPA", refreshTokenTtlInDays=2)
        token = (await house.sign_in(client, ada))["refresh_token"]
        house.pass_time(days=1.5)
        token = (await refreshed(house, client, token))["refresh_token"]

        house.pass_time(days=0.6)

        assert (await house.refresh(client, token)).json()["error"] == "invalid_grant"

    async def test_native_applications_slide(self, house: House, ada: User) -> None:
        """Used often enough, a native application's token goes on, but not past 180 days."""
        client = await house.add_client("Native", refreshTokenTtlInDays=100)
        token = (await house.sign_in(client, ada))["refresh_token"]
        for _ in range(2):
            house.pass_time(days=80)
            token = (await refreshed(house, client, token))["refresh_token"]

        house.pass_time(days=19)
        token = (await refreshed(house, client, token))["refresh_token"]
        house.pass_time(days=2)

        assert (await house.refresh(client, token)).json()["error"] == "invalid_grant"


class TestReuse:
    """RFC 9700 section 4.14.2: who presents a replaced token may have stolen it."""

    async def test_the_family_ends(self, house: House, ada: User) -> None:
        """The old token is refused, and the new one and its access token end with it."""
        client = await house.add_client("Native")
        first = await house.sign_in(client, ada)
        second = await refreshed(house, client, first["refresh_token"])

        again = await house.refresh(client, first["refresh_token"])

        assert again.status_code == 400
        assert again.json()["error"] == "invalid_grant"
        assert again.json()["error_description"] == "refresh token already used"
        assert not await house.is_good(second["access_token"])
        assert (await house.refresh(client, second["refresh_token"])).status_code == 400
        (entry,) = await house.audit("RevokeGrants")
        assert entry["params"]["reason"] == "refresh token used twice"

    async def test_long_after(self, house: House, ada: User) -> None:
        """However many rotations ago the token was replaced, its use ends the family."""
        client = await house.add_client("Native")
        first = await house.sign_in(client, ada)
        token = first["refresh_token"]
        for _ in range(5):
            house.pass_time(days=10)
            token = (await refreshed(house, client, token))["refresh_token"]

        await house.refresh(client, first["refresh_token"])

        assert (await house.refresh(client, token)).status_code == 400

    async def test_at_once(self, house: House, ada: User) -> None:
        """Of twenty simultaneous uses one passes, and its tokens do not stay."""
        client = await house.add_client("SPA")
        first = await house.sign_in(client, ada)

        answers = await asyncio.gather(
            *(house.refresh(client, first["refresh_token"]) for _ in range(20))
        )

        winners = [answer for answer in answers if answer.status_code == 200]
        assert len(winners) == 1
        assert not await house.is_good(winners[0].json()["access_token"])
        assert (await house.refresh(client, winners[0].json()["refresh_token"])).status_code == 400

    async def test_made_up_values_end_nothing(self, house: House, ada: User) -> None:
        """A stranger who knows which grant to aim at cannot end it: only what was a refresh token
        of it once counts as used again."""
        client = await house.add_client("Native")
        first = await house.sign_in(client, ada)
        token = first["refresh_token"]
        made_up = [
            token[:21] + "A" * (len(token) - 21),
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
            token[:-1],
            token + "A",
            first["access_token"],
            token[:21],
        ]

        for value in made_up:
            assert (await house.refresh(client, value)).json()["error"] == "invalid_grant"

        await refreshed(house, client, token)

    async def test_foreign_client(self, house: House, ada: User) -> None:
        """RFC 6749 section 10.4: bound to the client; another one gets nothing, ends nothing."""
        client, thief = await house.add_client("Native"), await house.add_client("Native")
        first = await house.sign_in(client, ada)
        await refreshed(house, client, first["refresh_token"])

        answer = await house.refresh(thief, first["refresh_token"])

        assert answer.json()["error"] == "invalid_grant"
        assert await house.is_good(first["access_token"])

    async def test_foreign_tenant(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User
    ) -> None:
        """A refresh token of one tenant is unknown in another."""
        first = await house.sign_in(web, ada)
        other = await admin_house.add_client()

        answer = await admin_house.refresh(other, first["refresh_token"])

        assert answer.json()["error"] == "invalid_grant"


class TestLife:
    async def test_suspended(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Suspension ends the use of every token."""
        tokens = await house.sign_in(web, ada)
        await house.change_user(ada, is_suspended=True)

        assert (await house.refresh(web, tokens["refresh_token"])).status_code == 400
        assert not await house.is_good(tokens["access_token"])

    async def test_bound_to_the_session(self, house: House, ada: User) -> None:
        """Without offline_access a refresh token ends with the session it came from."""
        client = await house.add_client(
            "Traditional", alwaysIssueRefreshToken=True, refreshTokenTtlInDays=100
        )
        bound = await house.sign_in(client, ada, prompt=None)
        offline = await house.sign_in(client, ada)
        house.pass_time(days=15)

        assert (await house.refresh(client, bound["refresh_token"])).status_code == 400
        assert (await house.refresh(client, offline["refresh_token"])).status_code == 200

    async def test_failures_of_confidential_clients_are_recorded(
        self, house: House, web: RegisteredClient
    ) -> None:
        """An operator can see who was refused what; strangers cannot write entries."""
        public = await house.add_client("SPA")
        await house.refresh(web, "unknown")
        await house.refresh(public, "unknown")
        await house.token({"grant_type": "refresh_token", "client_id": "stranger"})

        (entry,) = await house.audit("ExchangeTokenBy.RefreshToken")

        assert entry["result"] == "Error"
        assert entry["applicationId"] == web.id
        assert entry["error"]["code"] == "oidc.invalid_grant"
