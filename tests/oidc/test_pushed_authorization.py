"""RFC 9126: what may be pushed, by whom, and that a reference opens one answer to one client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from doorward.pushed_requests.store import sweep_pushed_requests
from doorward.pushed_requests.tables import pushed_requests
from doorward.storage.database import ALL_TENANTS
from doorward.users.tables import User
from tests.oidc.house import CALLBACK, House, RegisteredClient, answer_of, auth_params

URN = "urn:ietf:params:oauth:request_uri:"


async def rows(house: House) -> list[dict[str, Any]]:
    query = select(pushed_requests).where(pushed_requests.c.tenant_id == bindparam("tenant_id"))
    return list(await house.db.all(query, tenant_id=house.tenant_id))


class TestPush:
    async def test_the_answer(self, house: House, web: RegisteredClient) -> None:
        """RFC 9126 section 2.2: 201, a reference that nobody guesses, and how long it lives."""
        answer = await house.push(web)

        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"].startswith("application/json")
        assert set(answer.json()) == {"request_uri", "expires_in"}
        assert answer.json()["request_uri"].startswith(URN)
        assert len(answer.json()["request_uri"]) == len(URN) + 43
        assert answer.json()["expires_in"] == 90

    async def test_what_is_kept(self, house: House, web: RegisteredClient) -> None:
        """Neither the reference nor the client's secret is in the database."""
        pushed = await house.pushed(web, unknown="parameter")

        [row] = await rows(house)
        assert pushed["request_uri"].removeprefix(URN) not in str(row)
        assert "the-only-secret" not in str(row)
        assert "client_secret" not in row["params"]
        assert "unknown" not in row["params"]
        assert row["client_id"] == web.id

    async def test_basic(self, house: House, web: RegisteredClient) -> None:
        """RFC 9126 section 2: the methods of the token endpoint, for example in the header."""
        answer = await house.http.post(
            "/oidc/request", data=auth_params(web), auth=(web.id, str(web.secret))
        )

        assert answer.status_code == 201

    async def test_public_client(self, house: House, ada: User) -> None:
        """RFC 9126 section 2: clients without a secret push, too."""
        client = await house.add_client("SPA")

        answer = await house.browser().follow(await house.pushed(client), user=ada)

        assert "code" in answer

    @pytest.mark.parametrize("secret", [None, "", "wrong"])
    async def test_stranger(self, house: House, web: RegisteredClient, secret: str | None) -> None:
        """RFC 9126 section 2.1: the client MUST be authenticated; nothing is stored for others."""
        form = auth_params(web) | ({} if secret is None else {"client_secret": secret})

        answer = await house.http.post("/oidc/request", data=form)

        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"
        assert await rows(house) == []

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"request_uri": f"{URN}x"}, "invalid_request"),
            ({"request_uri": "https://app.example/request"}, "invalid_request"),
            ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
            ({"redirect_uri": f"{CALLBACK}/../evil"}, "invalid_request"),
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "banana"}, "unsupported_response_type"),
            ({"response_mode": "web_message"}, "unsupported_response_mode"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"max_age": "soon"}, "invalid_request"),
            ({"resource": "https://unknown.example/api"}, "invalid_target"),
            ({"id_token_hint": "not.a.token"}, "invalid_request"),
            ({"nonce": "n" * 20_000}, "invalid_request"),
        ],
    )
    async def test_refused(
        self, house: House, web: RegisteredClient, changes: dict[str, Any], error: str
    ) -> None:
        """RFC 9126 section 2.1 step 2, 3 and section 2.3: checked as at the authorization
        endpoint, told as at the token endpoint, and nothing is stored."""
        answer = await house.push(web, **changes)

        assert answer.status_code == 400
        assert answer.json()["error"] == error
        assert "location" not in answer.headers
        assert await rows(house) == []

    async def test_public_client_without_pkce(self, house: House) -> None:
        """RFC 9700 section 2.1.1 holds for what is pushed."""
        client = await house.add_client("SPA")

        answer = await house.push(client, code_challenge=None, code_challenge_method=None)

        assert answer.json()["error"] == "invalid_request"

    async def test_repeated(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 section 3.1 and 3.2: parameters MUST NOT be included more than once."""
        body = f"client_id={web.id}&client_secret={web.secret}&scope=openid&scope=profile"

        answer = await house.http.post(
            "/oidc/request",
            content=body,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    async def test_too_large(self, house: House, web: RegisteredClient) -> None:
        """RFC 9126 section 2.3: 413."""
        answer = await house.push(web, state="s" * 60_000)

        assert answer.status_code == 413

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
    async def test_other_methods(self, house: House, method: str) -> None:
        """RFC 9126 sections 2 and 2.3: POST, so that nothing of it stands in a log; else 405."""
        answer = await house.http.request(method, "/oidc/request")

        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        if method != "HEAD":
            assert answer.json()["error"] == "invalid_request"

    async def test_another_origin(self, house: House) -> None:
        """A page of another site cannot push for a public client."""
        client = await house.add_client("SPA")

        answer = await house.http.post(
            "/oidc/request", data=auth_params(client), headers={"origin": "https://evil.example"}
        )

        assert answer.status_code == 400
        assert await rows(house) == []

    async def test_discovery(self, house: House) -> None:
        """RFC 9126 section 5."""
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert metadata["pushed_authorization_request_endpoint"] == f"{house.issuer}/request"
        assert metadata["require_pushed_authorization_requests"] is False


class TestUse:
    async def test_code(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9126 section 4: what was pushed is what is answered, up to the tokens."""
        pushed = await house.pushed(web, state="pushed", nonce="pushed-nonce")

        answer = await house.browser().follow(pushed, user=ada)
        tokens = await house.exchange(web, answer["code"])

        assert answer["state"] == "pushed"
        claims = await house.verify(tokens["id_token"], typ="jwt")
        assert claims["nonce"] == "pushed-nonce"

    async def test_with_a_session(self, house: House, web: RegisteredClient, ada: User) -> None:
        browser = house.browser()
        await browser.authorize(web, user=ada)

        assert "code" in await browser.follow(await house.pushed(web))

    async def test_query_beside_it(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9101 section 6.3: parameters outside the request MUST NOT count."""
        pushed = await house.pushed(web, state="pushed")

        answer = await house.browser().follow(
            pushed,
            user=ada,
            state="changed",
            redirect_uri="https://evil.example/",
            response_type="token",
            scope="openid",
            code_challenge="A" * 43,
        )

        tokens = await house.exchange(web, answer["code"])
        assert answer["state"] == "pushed"
        assert "refresh_token" in tokens

    async def test_added_parameters(self, house: House, web: RegisteredClient, ada: User) -> None:
        """What the client did not push cannot be slipped in beside the reference."""
        pushed = await house.pushed(web, state=None, nonce=None)

        answer = await house.browser().follow(pushed, user=ada, state="slipped-in", nonce="x")

        tokens = await house.exchange(web, answer["code"])
        assert "state" not in answer
        assert "nonce" not in await house.verify(tokens["id_token"], typ="jwt")

    @pytest.mark.parametrize("value", ["", "unknown", "a" * 5000, "%00", "../..", "ä"])
    async def test_unknown(self, house: House, web: RegisteredClient, value: str) -> None:
        """A reference that was never given out leads nowhere, not even to the client."""
        answer = await house.browser().get(
            "/oidc/auth",
            client_id=web.id,
            request_uri=f"{URN}{value}",
            redirect_uri=CALLBACK,
            response_type="code",
        )

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request_uri"

    async def test_expired(self, house: House, web: RegisteredClient) -> None:
        """RFC 9126 section 4: expired references MUST be rejected."""
        pushed = await house.pushed(web)
        house.pass_time(seconds=91)

        answer = await house.browser().get("/oidc/auth", **pushed)

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request_uri"

    async def test_of_another_client(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9126 section 2.2: the reference MUST be bound to the client; trying does no harm."""
        other = await house.add_client()
        pushed = await house.pushed(web)

        answer = await house.browser().get("/oidc/auth", **pushed | {"client_id": other.id})

        assert answer.json()["error"] == "invalid_request_uri"
        assert "code" in await house.browser().follow(pushed, user=ada)

    async def test_of_another_tenant(
        self, house: House, admin_house: House, web: RegisteredClient
    ) -> None:
        pushed = await house.pushed(web)

        answer = await admin_house.browser().get("/oidc/auth", **pushed)

        assert answer.json()["error"] == "invalid_request_uri"

    @pytest.mark.parametrize(
        "query",
        [
            [("client_id", ""), ("request_uri", "")],
            [("request_uri", "")],
            [("client_id", ""), ("request_uri", ""), ("request_uri", f"{URN}other")],
            [("client_id", ""), ("client_id", "other"), ("request_uri", "")],
            [("client_id", ""), ("request_uri", ""), ("request", "e30.e30.")],
        ],
    )
    async def test_contradictions(
        self, house: House, web: RegisteredClient, query: list[tuple[str, str]]
    ) -> None:
        """RFC 9101 section 5: client_id MUST be there, request and request_uri not both; none of
        it may be repeated."""
        pushed = await house.pushed(web)
        filled = [(name, value or pushed[name]) for name, value in query]

        answer = await house.http.get("/oidc/auth", params=filled)

        assert ("location" in answer.headers) == (len(query) == 2 and query[0][0] == "client_id")
        if "location" not in answer.headers:
            assert answer.json()["error"] == "invalid_request"

    async def test_removed_meanwhile(self, house: House, web: RegisteredClient) -> None:
        """The redirect URI is verified again: an application may be gone since."""
        pushed = await house.pushed(web)
        await house.remove_client(web)

        answer = await house.browser().get("/oidc/auth", **pushed)

        assert answer.json()["error"] == "invalid_client"


class TestOnce:
    """RFC 9126 section 7.3: a reference is used once, which means answered once."""

    async def test_after_the_code(self, house: House, web: RegisteredClient, ada: User) -> None:
        browser, pushed = house.browser(), await house.pushed(web)
        await browser.follow(pushed, user=ada)

        again = await browser.get("/oidc/auth", **pushed)

        assert again.status_code == 400
        assert again.json()["error"] == "invalid_request_uri"
        assert await rows(house) == []

    async def test_after_an_error(self, house: House, web: RegisteredClient) -> None:
        browser, pushed = house.browser(), await house.pushed(web, prompt="none")

        first = await browser.follow(pushed)
        again = await browser.get("/oidc/auth", **pushed)

        assert first["error"] == "login_required"
        assert again.json()["error"] == "invalid_request_uri"

    async def test_reload_before_the_answer(
        self, house: House, web: RegisteredClient, ada: User
    ) -> None:
        """FAPI 2.0 section 5.3.2.2: software that looks at an address ahead of the person, or a
        reload, does not use it up."""
        browser, pushed = house.browser(), await house.pushed(web)
        for _ in range(3):
            answer = await browser.get("/oidc/auth", **pushed)
            assert answer.headers["location"].startswith("/sign-in?")

        assert "code" in await browser.follow(pushed, user=ada)

    async def test_slow_person(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Who signs in for half an hour is still answered; the reference died long before."""
        browser, pushed = house.browser(), await house.pushed(web)
        await browser.get("/oidc/auth", **pushed)
        uid = browser.waiting()["_legacy"]
        house.pass_time(minutes=30)
        async with house.db.transaction(ALL_TENANTS) as tx:
            assert await sweep_pushed_requests(tx, now=house.clock.now()) == 0
        again = await browser.get("/oidc/auth", **pushed)

        await browser.complete(ada, uid=uid)
        answer = answer_of(await browser.get(f"/oidc/auth/{uid}"))

        assert again.json()["error"] == "invalid_request_uri"
        assert "code" in answer

    async def test_two_tabs(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Two sign-ins that began with one reference: the first answer is the only one."""
        pushed = await house.pushed(web)
        one, two = house.browser(), house.browser()
        uids = []
        for browser in (one, two):
            await browser.get("/oidc/auth", **pushed)
            uids.append(browser.waiting()["_legacy"])
            await browser.complete(ada, uid=uids[-1])

        first = await one.get(f"/oidc/auth/{uids[0]}")
        second = await two.get(f"/oidc/auth/{uids[1]}")

        assert "code" in answer_of(first)
        assert second.status_code == 400
        assert second.json()["error"] == "invalid_request_uri"
        assert "_session" not in second.headers.get("set-cookie", "")

    async def test_in_parallel(self, house: House, web: RegisteredClient, ada: User) -> None:
        """Of twelve requests at once, with a session that answers, one gets a code."""
        browser = house.browser()
        await browser.authorize(web, user=ada)
        pushed = await house.pushed(web)

        answers = await asyncio.gather(*(browser.get("/oidc/auth", **pushed) for _ in range(12)))

        codes = [a for a in answers if "code=" in a.headers.get("location", "")]
        refused = [a for a in answers if a.status_code == 400]
        assert (len(codes), len(refused)) == (1, 11)
        assert {a.json()["error"] for a in refused} == {"invalid_request_uri"}

    async def test_swept(self, house: House, web: RegisteredClient) -> None:
        """Requests that nobody came with do not stay."""
        await house.pushed(web)
        house.pass_time(seconds=91)

        async with house.db.transaction(ALL_TENANTS) as tx:
            assert await sweep_pushed_requests(tx, now=house.clock.now()) == 1


class TestRequired:
    async def test_for_a_client(self, house: House, ada: User) -> None:
        """RFC 9126 section 6: a client that always pushes is refused when it seems not to."""
        client = await house.add_client(metadata={"requirePushedAuthorizationRequests": True})

        refused = answer_of(await house.browser().request(client))
        answer = await house.browser().follow(await house.pushed(client), user=ada)

        assert refused["error"] == "invalid_request"
        assert "push" in refused["error_description"]
        assert "code" in answer

    async def test_for_a_tenant(self, house: House, web: RegisteredClient, ada: User) -> None:
        """RFC 9126 section 5: demanded of everybody, and said so in the metadata."""
        await house.demand(requirePushedAuthorizationRequests=True)

        refused = answer_of(await house.browser().request(web))
        answer = await house.browser().follow(await house.pushed(web), user=ada)
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert refused["error"] == "invalid_request"
        assert "code" in answer
        assert metadata["require_pushed_authorization_requests"] is True

    async def test_signatures_for_a_tenant(self, house: House, web: RegisteredClient) -> None:
        """RFC 9101 section 10.5: the same for signatures, at both doors."""
        await house.demand(requireSignedRequestObject=True)

        plain = answer_of(await house.browser().request(web))
        pushed = await house.push(web)
        metadata = (await house.http.get("/oidc/.well-known/openid-configuration")).json()

        assert plain["error"] == "invalid_request"
        assert pushed.json()["error"] == "invalid_request"
        assert metadata["require_signed_request_object"] is True
