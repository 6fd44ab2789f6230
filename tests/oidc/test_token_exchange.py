"""RFC 8693: what an exchange takes, what comes of it, and everything that it must not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from doorward.keys.store import SEAL_PURPOSE, list_keys
from doorward.keys.timeline import DEFAULT_SET, current_of, key_sets
from doorward.kit.clock import to_milliseconds
from doorward.kit.jose import SigningKey
from doorward.personal_access_tokens import rules as personal
from doorward.storage.database import ALL_TENANTS
from doorward.subject_tokens.store import add_token, sweep_subject_tokens
from doorward.users import store as users
from doorward.users.tables import User
from tests.oidc.house import ISSUER, House, RegisteredClient
from tests.support.dpop import Prover

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
IMPERSONATION = "urn:logto:token-type:impersonation_token"
PERSONAL = "urn:logto:token-type:personal_access_token"
BOOKS = "https://books.example/api"
FILMS = "https://films.example/api"


@pytest.fixture
async def broker(house: House) -> RegisteredClient:
    """A web application that may exchange tokens."""
    return await house.add_client(allowTokenExchange=True)


@pytest.fixture
async def books(house: House, ada: User) -> dict[str, str]:
    """An API of which Ada may read; nobody gave her leave to write."""
    ids = await house.add_resource(BOOKS)
    await house.add_role(scope_ids=[ids["read:books"]], user=ada)
    return ids


async def exchange(
    house: House, client: RegisteredClient, token: str, kind: str, *, dpop: str = "", **form: Any
) -> httpx.Response:
    sent = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": kind}
    headers = {"dpop": dpop} if dpop else {}
    return await house.token(sent | client.credentials | form, **headers)


async def personal_token(house: House, user: User, *, name: str = "CI", **end: Any) -> str:
    async with house.db.transaction(house.tenant_id) as tx:
        token = await personal.create_token(
            tx,
            tenant_id=house.tenant_id,
            user_id=user.id,
            name=name,
            expires_at=end.get("expires_at"),
            sealer=house.sealer,
            now=house.clock.now(),
        )
    return house.sealer.unseal(token.value, purpose="personal_access_tokens.value")


async def subject_token(house: House, user: User, **context: Any) -> str:
    async with house.db.transaction(house.tenant_id) as tx:
        return await add_token(
            tx,
            tenant_id=house.tenant_id,
            user_id=user.id,
            context=context,
            creator_id="the-robot",
            now=house.clock.now(),
        )


async def api_token(house: House, user: User, *, client: RegisteredClient | None = None) -> str:
    """Return a JWT access token for the books."""
    client = client or await house.add_client()
    tokens = await house.sign_in(client, user, scope="read:books write:books", resource=BOOKS)
    token: str = tokens["access_token"]
    return token


async def claims_of(house: House, response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return await house.verify(response.json()["access_token"], typ="at+jwt")


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


REFUSED = (400, "invalid_request")


class TestPersonalAccessTokens:
    async def test_for_an_api(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """RFC 8693 section 2.2.1: an access token, its type, and no refresh token; of the scopes
        asked for those that roles grant. The token may be exchanged again and again."""
        token = await personal_token(house, ada)

        first = await exchange(
            house, broker, token, PERSONAL, resource=BOOKS, scope="read:books write:books"
        )
        second = await exchange(house, broker, token, PERSONAL, resource=BOOKS)

        body = first.json()
        assert set(body) == {
            "access_token", "expires_in", "scope", "token_type", "issued_token_type",
        }  # fmt: skip
        assert (body["token_type"], body["issued_token_type"]) == ("Bearer", ACCESS)
        claims = await claims_of(house, first)
        assert (claims["sub"], claims["aud"], claims["client_id"]) == (ada.id, BOOKS, broker.id)
        assert claims["scope"] == body["scope"] == "read:books"
        assert "act" not in claims
        assert "auth_time" not in claims
        assert (await claims_of(house, second))["scope"] == ""
        entry = (await house.audit("ExchangeTokenBy.TokenExchange"))[0]
        assert (entry["userId"], entry["applicationId"]) == (ada.id, broker.id)

    async def test_for_userinfo(self, house: House, broker: RegisteredClient, ada: User) -> None:
        """Without a resource, openid gives an opaque token; offline_access gives nothing."""
        token = await personal_token(house, ada)

        response = await exchange(
            house, broker, token, PERSONAL, scope="openid profile offline_access"
        )

        body = response.json()
        assert body["scope"] == "openid profile"
        assert "refresh_token" not in body
        assert "id_token" not in body
        assert (await house.userinfo(body["access_token"])).json()["sub"] == ada.id

    @pytest.mark.parametrize("type_", ["SPA", "Native", "MachineToMachine"])
    async def test_other_applications(
        self, house: House, ada: User, books: dict[str, str], type_: str
    ) -> None:
        """Public clients and machines may, where their owner allows it."""
        client = await house.add_client(type_, allowTokenExchange=True)

        response = await exchange(
            house, client, await personal_token(house, ada), PERSONAL, resource=BOOKS
        )

        assert response.status_code == 200

    async def test_ends(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """After its end it is worth nothing, and what comes of it ends with it."""
        end = house.clock.now() + timedelta(seconds=100)
        token = await personal_token(house, ada, expires_at=end)

        before = await exchange(house, broker, token, PERSONAL, resource=BOOKS)
        house.pass_time(seconds=101)
        after = await exchange(house, broker, token, PERSONAL, resource=BOOKS)

        assert 90 <= before.json()["expires_in"] <= 100
        assert refusal(after) == REFUSED

    async def test_deleted(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """A token that was deleted can no longer be exchanged."""
        token = await personal_token(house, ada)
        async with house.db.transaction(house.tenant_id) as tx:
            await personal.delete_token(tx, tenant_id=house.tenant_id, user_id=ada.id, name="CI")

        assert refusal(await exchange(house, broker, token, PERSONAL, resource=BOOKS)) == REFUSED


class TestImpersonation:
    @pytest.mark.parametrize("kind", [IMPERSONATION, ACCESS])
    async def test_once(
        self,
        house: House,
        broker: RegisteredClient,
        ada: User,
        books: dict[str, str],
        kind: str,
    ) -> None:
        """A subject token works once; the audit log tells who made it."""
        token = await subject_token(house, ada, ticket=7)

        first = await exchange(house, broker, token, kind, resource=BOOKS, scope="read:books")
        second = await exchange(house, broker, token, kind, resource=BOOKS, scope="read:books")

        assert (await claims_of(house, first))["sub"] == ada.id
        assert refusal(second) == REFUSED
        entry = (await house.audit("ExchangeTokenBy.TokenExchange"))[0]
        assert entry["params"]["creatorId"] == "the-robot"

    async def test_parallel(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Of many at once, one wins."""
        token = await subject_token(house, ada)

        answers = await asyncio.gather(
            *(exchange(house, broker, token, IMPERSONATION, resource=BOOKS) for _ in range(10))
        )

        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9

    async def test_a_refused_request_uses_nothing_up(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Who names the wrong resource may try again."""
        token = await subject_token(house, ada)

        wrong = await exchange(house, broker, token, IMPERSONATION, resource="https://x.example")
        right = await exchange(house, broker, token, IMPERSONATION, resource=BOOKS)

        assert refusal(wrong) == (400, "invalid_target")
        assert right.status_code == 200

    async def test_ends_and_is_swept(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Ten minutes, and then its row goes."""
        token = await subject_token(house, ada)
        house.pass_time(seconds=601)

        response = await exchange(house, broker, token, IMPERSONATION, resource=BOOKS)
        async with house.db.transaction(ALL_TENANTS) as tx:
            swept = await sweep_subject_tokens(tx, now=house.clock.now())

        assert refusal(response) == REFUSED
        assert swept == 1


class TestAccessTokens:
    async def test_narrower_audience(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """An API trades the token it got for one of another API, in the user's name. RFC 8693
        sections 4.2 and 4.3: the scopes as one string, and the client that asked."""
        ids = await house.add_resource(FILMS, scopes=("watch",))
        await house.add_role(scope_ids=[ids["watch"]], user=ada)
        token = await api_token(house, ada)

        response = await exchange(house, broker, token, ACCESS, resource=FILMS, scope="watch")

        claims = await claims_of(house, response)
        assert (claims["sub"], claims["aud"], claims["scope"]) == (ada.id, FILMS, "watch")
        assert claims["client_id"] == broker.id
        assert claims["amr"] == ["pwd"]
        assert "auth_time" in claims

    async def test_opaque(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """So is an opaque token taken, and an opaque one that comes of it ends with it."""
        web = await house.add_client()
        tokens = await house.sign_in(web, ada)

        for_api = await exchange(
            house, broker, tokens["access_token"], ACCESS, resource=BOOKS, scope="read:books"
        )
        opaque = await exchange(house, broker, tokens["access_token"], ACCESS, scope="openid")

        assert (await claims_of(house, for_api))["scope"] == "read:books"
        derived = opaque.json()["access_token"]
        assert opaque.json()["scope"] == "openid"
        assert await house.is_good(derived)
        revoked = await house.http.post(
            "/oidc/token/revocation", data={"token": tokens["refresh_token"], **web.credentials}
        )
        assert revoked.status_code == 200
        assert not await house.is_good(derived)

    async def test_scope_is_never_widened(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Of the same API, and about the person, no more than the subject token had."""
        await house.add_role(scope_ids=[books["write:books"]], user=ada)
        web = await house.add_client()
        tokens = await house.sign_in(web, ada, scope="read:books", resource=BOOKS)
        of_userinfo = await house.sign_in(web, ada, scope="openid")

        same = await exchange(
            house, broker, tokens["access_token"], ACCESS, resource=BOOKS,
            scope="read:books write:books",
        )  # fmt: skip
        opaque = await exchange(
            house, broker, of_userinfo["access_token"], ACCESS, scope="openid email profile"
        )
        none = await exchange(house, broker, tokens["access_token"], ACCESS, scope="openid")

        assert same.json()["scope"] == "read:books"
        assert opaque.json()["scope"] == "openid"
        assert refusal(none) == (400, "invalid_scope")

    async def test_its_grant_ended(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """RFC 8693 section 2.2.2: a JWT of a session that is over is exchanged for nothing, and
        neither is what was made of it before."""
        token = await api_token(house, ada)
        first = await exchange(house, broker, token, ACCESS, resource=BOOKS)
        derived = first.json()["access_token"]

        await house.end_sessions(ada)

        for one in (token, derived):
            refused = await exchange(house, broker, one, ACCESS, resource=BOOKS)
            assert refusal(refused) == REFUSED

    async def test_of_a_third_party(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """What somebody allowed an application of a third party, they allowed nobody else: neither
        kind of its tokens is exchanged."""
        partner = await house.add_client()
        tokens = await house.sign_in(partner, ada)
        of_api = await api_token(house, ada, client=partner)
        assert (await exchange(house, broker, of_api, ACCESS, resource=BOOKS)).status_code == 200

        await house.change_client(partner, is_third_party=True)

        for one in (tokens["access_token"], of_api):
            refused = await exchange(house, broker, one, ACCESS, resource=BOOKS)
            assert refusal(refused) == REFUSED

    async def test_never_outlives_its_subject(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Exchanging again and again is no refresh token."""
        token = await api_token(house, ada)
        house.pass_time(seconds=3000)

        response = await exchange(house, broker, token, ACCESS, resource=BOOKS)

        assert 590 <= response.json()["expires_in"] <= 600
        house.pass_time(seconds=601)
        again = response.json()["access_token"]
        assert refusal(await exchange(house, broker, again, ACCESS, resource=BOOKS)) == REFUSED

    async def test_dpop(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """RFC 9449: a token bound to a key is exchanged by who has the key, and nobody sheds the
        binding; a bearer token may become a bound one."""
        prover, thief = (Prover(seconds=house.clock.seconds) for _ in range(2))
        url = f"{ISSUER}/token"
        token = await personal_token(house, ada)
        bound = await exchange(
            house, broker, token, PERSONAL, resource=BOOKS, scope="read:books",
            dpop=prover.proof("POST", url),
        )  # fmt: skip
        value = bound.json()["access_token"]

        shed = await exchange(house, broker, value, ACCESS, resource=BOOKS)
        stolen = await exchange(
            house, broker, value, ACCESS, resource=BOOKS, dpop=thief.proof("POST", url)
        )
        own = await exchange(
            house, broker, value, ACCESS, resource=BOOKS, dpop=prover.proof("POST", url)
        )

        assert bound.json()["token_type"] == "DPoP"
        assert (await claims_of(house, bound))["cnf"] == {"jkt": prover.jkt}
        assert refusal(shed) == refusal(stolen) == REFUSED
        assert (await claims_of(house, own))["cnf"] == {"jkt": prover.jkt}


class TestActors:
    async def test_delegation(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """RFC 8693 section 4.1: `act` says who acts, the present actor outermost; an exchange
        without an actor does not make the earlier ones forgotten."""
        web = await house.add_client()
        bob, eve = await house.add_user("bob"), await house.add_user("eve")
        bobs = (await house.sign_in(web, bob))["access_token"]
        eves = (await house.sign_in(web, eve))["access_token"]
        token = await subject_token(house, ada)

        first = await exchange(
            house, broker, token, IMPERSONATION, resource=BOOKS, scope="read:books",
            actor_token=bobs, actor_token_type=ACCESS,
        )  # fmt: skip
        second = await exchange(
            house, broker, first.json()["access_token"], ACCESS, resource=BOOKS,
            actor_token=eves, actor_token_type=ACCESS,
        )  # fmt: skip
        third = await exchange(house, broker, second.json()["access_token"], ACCESS, resource=BOOKS)

        assert (await claims_of(house, first))["act"] == {"sub": bob.id}
        chain = {"sub": eve.id, "act": {"sub": bob.id}}
        assert (await claims_of(house, second))["act"] == chain
        assert (await claims_of(house, third))["act"] == chain
        assert (await claims_of(house, third))["sub"] == ada.id

    async def test_opaque_tokens_tell_it_too(
        self, house: House, broker: RegisteredClient, ada: User
    ) -> None:
        """RFC 8693 section 4.1 and RFC 7662: introspection says who acts."""
        bob = await house.add_user("bob")
        bobs = (await house.sign_in(await house.add_client(), bob))["access_token"]

        response = await exchange(
            house, broker, await personal_token(house, ada), PERSONAL, scope="openid",
            actor_token=bobs, actor_token_type=ACCESS,
        )  # fmt: skip

        told = await house.http.post(
            "/oidc/token/introspection",
            data={"token": response.json()["access_token"], **broker.credentials},
        )
        assert (told.json()["sub"], told.json()["act"]) == (ada.id, {"sub": bob.id})

    async def test_long_chains(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """A chain does not grow without end."""
        bobs = await house.sign_in(await house.add_client(), await house.add_user("bob"))
        token, statuses = await api_token(house, ada), []
        for _ in range(6):
            response = await exchange(
                house, broker, token, ACCESS, resource=BOOKS,
                actor_token=bobs["access_token"], actor_token_type=ACCESS,
            )  # fmt: skip
            statuses.append(response.status_code)
            token = response.json().get("access_token", token)

        assert statuses == [200] * 5 + [400]

    async def test_refusals(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """RFC 8693 section 2.1: token and type come together; only an opaque token that openid was
        granted for shows that somebody is there, and not one that was delegated itself."""
        web = await house.add_client()
        bob = await house.add_user("bob")
        opaque = (await house.sign_in(web, bob))["access_token"]
        no_openid = await api_token(house, ada, client=web)
        delegated = await exchange(
            house, broker, await personal_token(house, ada), PERSONAL, scope="openid",
            actor_token=opaque, actor_token_type=ACCESS,
        )  # fmt: skip
        token = await api_token(house, ada)

        async def refused(**form: str) -> bool:
            response = await exchange(house, broker, token, ACCESS, resource=BOOKS, **form)
            return refusal(response) == REFUSED

        assert await refused(actor_token=opaque)
        assert await refused(actor_token_type=ACCESS)
        assert await refused(actor_token=opaque, actor_token_type=PERSONAL)
        assert await refused(actor_token=opaque[:-1], actor_token_type=ACCESS)
        assert await refused(actor_token=opaque + "x", actor_token_type=ACCESS)
        assert await refused(actor_token=no_openid, actor_token_type=ACCESS)
        assert await refused(actor_token=delegated.json()["access_token"], actor_token_type=ACCESS)
        await house.change_user(bob, is_suspended=True)
        assert await refused(actor_token=opaque, actor_token_type=ACCESS)


class TestWho:
    @pytest.mark.parametrize("type_", ["Traditional", "SPA", "Native", "MachineToMachine"])
    async def test_only_where_allowed(self, house: House, ada: User, type_: str) -> None:
        """Off unless the application's owner switches it on."""
        client = await house.add_client(type_)

        response = await exchange(house, client, await personal_token(house, ada), PERSONAL)

        assert refusal(response) == (400, "unauthorized_client")

    async def test_never_a_third_party(self, house: House, ada: User) -> None:
        """Even where a row says so."""
        client = await house.add_client(is_third_party=True, allowTokenExchange=True)

        response = await exchange(house, client, await personal_token(house, ada), PERSONAL)

        assert refusal(response) == (400, "unauthorized_client")

    async def test_discovery(self, house: House) -> None:
        """RFC 8414: the grant is announced."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert TOKEN_EXCHANGE in metadata["grant_types_supported"]


class TestAttacks:
    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({"subject_token": ""}, "invalid_request"),
            ({"subject_token_type": ""}, "invalid_request"),
            ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"),
            ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
            (
                {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
                "invalid_request",
            ),
            ({"audience": "https://books.example/api"}, "invalid_target"),
            ({"resource": "https://unknown.example"}, "invalid_target"),
            ({"resource": [BOOKS, FILMS]}, "invalid_target"),
            ({"resource": ""}, "invalid_target"),
            ({"organization_id": "acme"}, "access_denied"),
        ],
    )
    async def test_parameters(
        self,
        house: House,
        broker: RegisteredClient,
        ada: User,
        books: dict[str, str],
        form: dict[str, Any],
        error: str,
    ) -> None:
        """RFC 8693 sections 2.1 and 2.2.2."""
        await house.add_resource(FILMS)

        response = await exchange(
            house, broker, await personal_token(house, ada), PERSONAL, **{"resource": BOOKS} | form
        )

        assert response.json()["error"] == error

    async def test_wrong_type_in_the_right_store(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """RFC 8693 section 2.1: each value is judged by the rules of the type that it is said to
        have; other credentials are none. RFC 8693 section 2.2.2: invalid_request."""
        tokens = await house.sign_in(await house.add_client(), ada)
        values = {
            "personal": await personal_token(house, ada),
            "impersonation": await subject_token(house, ada),
            "jwt": await api_token(house, ada),
            "opaque": tokens["access_token"],
            "refresh": tokens["refresh_token"],
            "id_token": tokens["id_token"],
        }
        right = {
            ("personal", PERSONAL),
            ("impersonation", IMPERSONATION),
            ("impersonation", ACCESS),
            ("jwt", ACCESS),
            ("opaque", ACCESS),
        }

        for name, value in values.items():
            for kind in (PERSONAL, IMPERSONATION, ACCESS):
                if (name, kind) not in right:
                    response = await exchange(house, broker, value, kind, resource=BOOKS)
                    assert refusal(response) == REFUSED, (name, kind)

    async def test_mangled(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Truncated, padded, of another case: not the value, so nothing."""
        opaque = (await house.sign_in(await house.add_client(), ada))["access_token"]
        values = [
            (await personal_token(house, ada), PERSONAL),
            (await subject_token(house, ada), IMPERSONATION),
            (await api_token(house, ada), ACCESS),
            (opaque, ACCESS),
        ]

        for value, kind in values:
            for changed in (
                value[:-4], value + "A", value + " ", value + "=", value.swapcase(), value[4:],
                "pat_", "sub_", "..", "a.b.c", "😀", "x" * 40_000,
            ):  # fmt: skip
                response = await exchange(house, broker, changed, kind, resource=BOOKS)
                assert refusal(response) == REFUSED, (kind, changed[:20])

    async def test_another_tenant(
        self, house: House, admin_house: House, broker: RegisteredClient, ada: User,
        books: dict[str, str],
    ) -> None:  # fmt: skip
        """No token of one tenant is a subject in another."""
        theirs = await admin_house.add_client(allowTokenExchange=True)
        await admin_house.add_resource(BOOKS)
        opaque = (await house.sign_in(await house.add_client(), ada))["access_token"]

        for value, kind in [
            (await personal_token(house, ada), PERSONAL),
            (await subject_token(house, ada), IMPERSONATION),
            (await api_token(house, ada), ACCESS),
            (opaque, ACCESS),
        ]:
            response = await exchange(admin_house, theirs, value, kind, resource=BOOKS)
            assert refusal(response) == REFUSED, kind

    async def test_suspended_and_deleted_users(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """Nobody acts for an account that may not act itself, with whatever was issued before."""
        opaque = (await house.sign_in(await house.add_client(), ada))["access_token"]
        values = [
            (await personal_token(house, ada), PERSONAL),
            (await subject_token(house, ada), IMPERSONATION),
            (await api_token(house, ada), ACCESS),
            (opaque, ACCESS),
        ]

        await house.change_user(ada, is_suspended=True)
        suspended = [await exchange(house, broker, v, k, resource=BOOKS) for v, k in values]
        async with house.db.transaction(house.tenant_id) as tx:
            await users.delete_user(tx, tenant_id=house.tenant_id, user_id=ada.id)
        deleted = [await exchange(house, broker, v, k, resource=BOOKS) for v, k in values]

        assert {refusal(answer) for answer in suspended + deleted} == {REFUSED}

    async def test_revoked_and_foreign(
        self, house: House, broker: RegisteredClient, ada: User, books: dict[str, str]
    ) -> None:
        """An opaque token after its revocation, after sign-out; and tokens of a client that is
        gone."""
        web = await house.add_client()
        opaque = (await house.sign_in(web, ada))["access_token"]
        jwt = await api_token(house, ada, client=web)
        await house.http.post("/oidc/token/revocation", data={"token": opaque, **web.credentials})
        revoked = await exchange(house, broker, opaque, ACCESS, resource=BOOKS)

        await house.remove_client(web)
        gone = await exchange(house, broker, jwt, ACCESS, resource=BOOKS)

        assert refusal(revoked) == refusal(gone) == REFUSED

    async def test_machines_are_nobody(
        self, house: House, broker: RegisteredClient, books: dict[str, str]
    ) -> None:
        """A token of client_credentials names no user."""
        machine = await house.add_client("MachineToMachine", redirect_uris=())
        answer = await house.token(
            {"grant_type": "client_credentials", "resource": BOOKS, **machine.credentials}
        )

        response = await exchange(
            house, broker, answer.json()["access_token"], ACCESS, resource=BOOKS
        )

        assert refusal(response) == REFUSED

    @pytest.mark.parametrize(
        "change",
        [
            {"typ": "JWT"},
            {"iss": "https://evil.example/oidc"},
            {"exp": 1},
            {"exp": "never"},
            {"sub": None},
            {"client_id": "nobody"},
            {"client_id": None},
            {"act": "bob"},
            {"cnf": []},
        ],
        ids=str,
    )
    async def test_our_signature_is_not_enough(
        self,
        house: House,
        broker: RegisteredClient,
        ada: User,
        books: dict[str, str],
        change: dict[str, Any],
    ) -> None:
        """RFC 9068 section 4: type, issuer, time, subject and client count as well."""
        stored = await list_keys(house.db, tenant_id=house.tenant_id)
        current = current_of(key_sets(stored)[DEFAULT_SET], now=house.clock.now())
        pem = house.sealer.unseal(current.private_key, purpose=SEAL_PURPOSE)
        key = SigningKey.from_pem(pem, algorithm=current.algorithm, kid=current.id)
        now = to_milliseconds(house.clock.now()) // 1000
        usual = {
            "iss": ISSUER, "sub": ada.id, "aud": BOOKS, "iat": now, "exp": now + 600,
            "client_id": broker.id, "scope": "read:books", "jti": "x",
        }  # fmt: skip
        changed = dict(change)
        typ = changed.pop("typ", "at+jwt")

        right = await exchange(
            house, broker, key.encode(usual, typ="at+jwt"), ACCESS, resource=BOOKS
        )
        wrong = await exchange(
            house, broker, key.encode(usual | changed, typ=typ), ACCESS, resource=BOOKS
        )

        assert right.status_code == 200
        assert refusal(wrong) == REFUSED
