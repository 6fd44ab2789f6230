"""The authorization_code grant: what a code is bound to, and that it works once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam

from doorward.kit.jose import half_hash
from doorward.oidc.tables import authorization_codes, refresh_tokens
from doorward.users.tables import User
from tests.oidc.house import VERIFIER, House, RegisteredClient, code_challenge, code_form


async def refusal(house: House, form: dict[str, Any]) -> str:
    answer = await house.token(form)
    assert answer.status_code == 400, answer.text
    error: str = answer.json()["error"]
    return error


class TestExchange:
    async def test_tokens(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 5.1 and OpenID Connect Core section 3.1.3.3."""
        code = (await house.browser().authorize(web, user=ada))["code"]

        answer = await house.token(code_form(web, code))

        tokens = answer.json()
        assert tokens["token_type"] == "Bearer"
        assert tokens["expires_in"] == 3600
        assert tokens["scope"] == "openid profile offline_access"
        assert set(tokens) == {
            "access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token",
        }  # fmt: skip
        assert answer.headers["cache-control"] == "no-store"
        assert "." not in tokens["access_token"], "opaque"

    async def test_id_token(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core sections 2 and 3.1.3.6."""
        now = house.clock.seconds()

        tokens = await house.sign_in(web, ada)

        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert claims["iss"] == "http://localhost:3001/oidc"
        assert claims["sub"] == ada.id
        assert claims["aud"] == web.id
        assert claims["nonce"] == "the-nonce"
        assert claims["iat"] - now <= 5
        assert claims["exp"] - claims["iat"] == 3600
        assert claims["auth_time"] - now <= 5
        assert claims["at_hash"] == half_hash(tokens["access_token"], algorithm="ES256")
        assert claims["username"] == "ada"
        assert len(claims["sid"]) == 21

    async def test_id_token_lifetime(self, house: House, ada: User) -> None:
        """The application's own idTokenTtl."""
        client = await house.add_client(idTokenTtl=120)

        tokens = await house.sign_in(client, ada)

        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert claims["exp"] - claims["iat"] == 120

    async def test_without_openid(self, house: House, web: RegisteredClient, ada: User) -> None:
        """OpenID Connect Core section 3.1.2.1: without `openid` it is OAuth, with no ID token."""
        tokens = await house.sign_in(web, ada, scope="profile", prompt=None)

        assert "id_token" not in tokens
        assert tokens["scope"] == "profile"
        assert (await house.userinfo(tokens["access_token"])).status_code == 403

    @pytest.mark.parametrize(
        ("type_", "custom", "prompt", "is_given"),
        [
            ("Traditional", {}, "consent", True),
            ("Traditional", {}, None, False),
            ("Traditional", {"alwaysIssueRefreshToken": True}, None, True),
            ("SPA", {"alwaysIssueRefreshToken": True}, None, True),
            ("Native", {"alwaysIssueRefreshToken": True}, None, False),
        ],
    )
    async def test_refresh_token(
        self,
        house: House,
        ada: User,
        type_: str,
        custom: dict[str, Any],
        prompt: str | None,
        is_given: bool,
    ) -> None:
        """With offline access, or always where a web application is set to that."""
        client = await house.add_client(type_, **custom)

        tokens = await house.sign_in(client, ada, prompt=prompt)

        assert ("refresh_token" in tokens) is is_given

    async def test_audit(self, house: House, web: RegisteredClient, ada: User) -> None:
        """An acknowledged exchange has its entry, and the entry has no secret in it."""
        tokens = await house.sign_in(web, ada)

        (entry,) = await house.audit("ExchangeTokenBy.AuthorizationCode")
        assert entry["result"] == "Success"
        assert entry["userId"] == ada.id
        assert entry["applicationId"] == web.id
        assert tokens["refresh_token"] not in str(entry)


class TestBinding:
    """RFC 6749 section 4.1.3, OpenID Connect Core section 3.1.3.2: a code is worth something only
    where it was given."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"code_verifier": None},
            {"code_verifier": "another-verifier-of-more-than-43-characters-012345"},
            {"code_verifier": VERIFIER[:-1]},
            {"code_verifier": "short"},
            {"code_verifier": VERIFIER + "é"},
            {"redirect_uri": None},
            {"redirect_uri": "https://app.example/other"},
            {"redirect_uri": "https://app.example/callback/"},
            {"code": "unknown"},
        ],
    )
    async def test_wrong(
        self, house: House, web: RegisteredClient, ada: User, changes: dict[str, Any]
    ) -> None:
        """RFC 7636 section 4.6, RFC 6749 sections 4.1.3 and 10.6, OpenID Connect Core sections
        3.1.3.2 and 3.1.3.4; a refusal does not spend the code."""
        code = (await house.browser().authorize(web, user=ada))["code"]
        form = {k: v for k, v in (code_form(web, code) | changes).items() if v is not None}

        assert await refusal(house, form) == "invalid_grant"
        assert (await house.token(code_form(web, code))).status_code == 200

    async def test_truncated(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Half a code is no code, nor is one with something added."""
        code = (await house.browser().authorize(web, user=ada))["code"]

        for altered in (code[:-1], code[:20], code + "A", code.swapcase(), f" {code}"):
            assert await refusal(house, code_form(web, altered)) == "invalid_grant"

    async def test_foreign_client(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 sections 4.1.3 and 10.5: a code for one client, used by another, works for
        neither the thief nor against the owner."""
        thief = await house.add_client()
        code = (await house.browser().authorize(web, user=ada))["code"]

        assert await refusal(house, code_form(thief, code)) == "invalid_grant"
        assert (await house.token(code_form(web, code))).status_code == 200

    async def test_foreign_tenant(
        self, house: House, admin_house: House, web: RegisteredClient, ada: User
    ) -> None:
        """A code of one tenant is unknown in another."""
        other = await admin_house.add_client()
        code = (await house.browser().authorize(web, user=ada))["code"]

        assert await refusal(admin_house, code_form(other, code)) == "invalid_grant"

    async def test_downgrade(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9700 section 2.1.1: a verifier for a request without a challenge is refused."""
        answer = await house.browser().authorize(
            web, user=ada, code_challenge=None, code_challenge_method=None
        )
        form = code_form(web, answer["code"])

        assert await refusal(house, form) == "invalid_grant"
        del form["code_verifier"]
        assert (await house.token(form)).status_code == 200

    async def test_verifier_of_another_request(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 7636 section 4.4: a challenge belongs to the code that was given for it."""
        other = "another-verifier-of-more-than-43-characters-012345"
        browser = house.browser()
        one = (await browser.authorize(web, user=ada))["code"]
        two = (await browser.authorize(web, user=ada, code_challenge=code_challenge(other)))["code"]

        assert await refusal(house, code_form(web, two)) == "invalid_grant"
        swapped = code_form(web, one) | {"code_verifier": other}
        assert await refusal(house, swapped) == "invalid_grant"
        assert await house.exchange(web, one)
        assert await house.exchange(web, two, code_verifier=other)

    async def test_nothing_readable_is_stored(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 6749 sections 10.3 to 10.5: neither code nor tokens stand in the database."""
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)
        code = (await browser.authorize(web, user=ada))["code"]

        rows = []
        for table in (authorization_codes, refresh_tokens):
            query = table.select().where(table.c.tenant_id == bindparam("tenant_id"))
            rows += await house.db.all(query, tenant_id=house.tenant_id)

        assert len(rows) == 3
        for value in (code, tokens["access_token"], tokens["refresh_token"][21:]):
            assert value not in repr(rows)

    async def test_expiry(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 sections 4.1.2 and 10.5: a code lives for a minute."""
        browser = house.browser()
        code = (await browser.authorize(web, user=ada))["code"]
        house.pass_time(seconds=61)

        assert await refusal(house, code_form(web, code)) == "invalid_grant"

    async def test_the_user_is_gone(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A user suspended between code and exchange gets no tokens."""
        code = (await house.browser().authorize(web, user=ada))["code"]
        await house.change_user(ada, is_suspended=True)

        assert await refusal(house, code_form(web, code)) == "invalid_grant"

    async def test_the_client_is_gone(self, house: House, web: RegisteredClient, ada: User) -> None:
        """A deleted application gets no tokens."""
        code = (await house.browser().authorize(web, user=ada))["code"]
        await house.remove_client(web)

        answer = await house.token(code_form(web, code))

        assert answer.json()["error"] == "invalid_client"


class TestReplay:
    async def test_twice(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 6749 section 4.1.2, RFC 9700 section 4.2.4, OpenID Connect Core section 3.1.3.2: deny
        the second use, and revoke what came of the first."""
        code = (await house.browser().authorize(web, user=ada))["code"]
        tokens = await house.exchange(web, code)
        assert await house.is_good(tokens["access_token"])

        assert await refusal(house, code_form(web, code)) == "invalid_grant"

        assert not await house.is_good(tokens["access_token"])
        assert (await house.refresh(web, tokens["refresh_token"])).status_code == 400
        (entry,) = await house.audit("RevokeGrants")
        assert entry["params"]["reason"] == "code used twice"

    async def test_at_once(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Of twenty simultaneous uses at most one gets tokens, and they do not stay."""
        code = (await house.browser().authorize(web, user=ada))["code"]

        answers = await asyncio.gather(*(house.token(code_form(web, code)) for _ in range(20)))

        winners = [answer for answer in answers if answer.status_code == 200]
        assert len(winners) == 1
        assert {a.json()["error"] for a in answers if a.status_code != 200} == {"invalid_grant"}
        assert not await house.is_good(winners[0].json()["access_token"])

    async def test_other_sign_ins_stay(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """Revocation is of one grant, not of every sign-in of the user or the client."""
        browser = house.browser()
        kept = await house.sign_in(web, ada, browser=browser)
        code = (await browser.authorize(web, user=ada))["code"]
        await house.exchange(web, code)

        await house.token(code_form(web, code))

        assert await house.is_good(kept["access_token"])


class TestResources:
    async def test_jwt(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9068 sections 2 and 2.2.3: a JWT of its own type, for the one resource, with those
        scopes of it that were asked for and that the user's roles grant."""
        ids = await house.add_resource()
        await house.add_role(scope_ids=[ids["read:books"]], user=ada)
        answer = await house.browser().authorize(
            web,
            user=ada,
            resource="https://books.example/api",
            scope="openid read:books write:books",
        )

        tokens = await house.exchange(web, answer["code"], resource="https://books.example/api")

        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert claims["iss"] == "http://localhost:3001/oidc"
        assert claims["aud"] == "https://books.example/api"
        assert claims["sub"] == ada.id
        assert claims["client_id"] == web.id
        assert claims["scope"] == "read:books"
        assert claims["exp"] - claims["iat"] == 3600
        assert len(claims["jti"]) == 21
        assert tokens["scope"] == "read:books"

    async def test_an_id_token_is_no_access_token(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 9068 section 4: the header's type tells the two apart; userinfo takes neither."""
        tokens = await house.sign_in(web, ada)

        assert (await house.userinfo(tokens["id_token"])).status_code == 401

    async def test_userinfo_unless_named(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """With `openid`, and without a resource in the token request: a token for userinfo."""
        await house.add_resource()
        answer = await house.browser().authorize(
            web, user=ada, resource="https://books.example/api", scope="openid read:books"
        )

        tokens = await house.exchange(web, answer["code"])

        assert tokens["scope"] == "openid"
        assert await house.is_good(tokens["access_token"])

    async def test_the_authorized_one_without_openid(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """RFC 8707 section 2.2: without `openid` the resource of the authorization is meant, and
        scope is there although it is empty."""
        await house.add_resource(lifetime=60)
        answer = await house.browser().authorize(
            web, user=ada, resource="https://books.example/api", scope="read:books"
        )

        tokens = await house.exchange(web, answer["code"])

        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert claims["aud"] == "https://books.example/api"
        assert claims["scope"] == tokens["scope"] == ""
        assert tokens["expires_in"] == 60

    async def test_default_resource(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9068 section 3: the default resource is the audience where none is named, but not for
        `openid`."""
        await house.add_resource(is_default=True)
        browser = house.browser()

        plain = await house.sign_in(web, ada, browser=browser, scope="read:books")
        with_openid = await house.sign_in(web, ada, browser=browser, scope="openid")

        claims = await house.verify(plain["access_token"], typ="at+jwt")
        assert claims["aud"] == "https://books.example/api"
        assert await house.is_good(with_openid["access_token"])

    async def test_not_authorized(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 8707 section 2.2: a resource that the authorization did not name; several at once."""
        await house.add_resource("https://a.example/api")
        await house.add_resource("https://b.example/api")
        answer = await house.browser().authorize(web, user=ada, resource="https://a.example/api")
        form = code_form(web, answer["code"])

        assert await refusal(house, form | {"resource": "https://b.example/api"}) == (
            "invalid_target"
        )
        both = ["https://a.example/api", "https://b.example/api"]
        assert await refusal(house, form | {"resource": both}) == "invalid_target"
        assert await refusal(house, form | {"resource": "https://x.example"}) == "invalid_target"

    async def test_organizations(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Nobody is a member of an organization that does not exist."""
        code = (await house.browser().authorize(web, user=ada))["code"]

        answer = await house.token(code_form(web, code) | {"organization_id": "org"})

        assert answer.status_code == 403
        assert answer.json()["error"] == "access_denied"
