"""Grants: how many at a time, what ends them, and what an administrator sees and revokes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from doorward.consents.store import find_consent
from doorward.users.tables import User
from tests.oidc.authorization.test_consent import allow, make_partner
from tests.oidc.house import House, RegisteredClient
from tests.support.management import management_api
from tests.support.server import Server


class TestLimit:
    async def test_the_oldest_go(self, house: House, ada: User) -> None:
        """Reference section 13: a client with maxAllowedGrants 2 holds two of a user; a third ends
        the oldest, whose tokens are worth nothing any more."""
        client = await house.add_client(maxAllowedGrants=2)
        other = await house.add_client()
        elsewhere = await house.sign_in(other, ada)
        tokens = [await house.sign_in(client, ada) for _ in range(3)]
        eve = await house.sign_in(client, await house.add_user("eve"))

        good = [await house.is_good(each["access_token"]) for each in tokens]

        assert good == [False, True, True]
        answer = await house.refresh(client, tokens[0]["refresh_token"])
        assert answer.json()["error"] == "invalid_grant"
        assert await house.is_good(elsewhere["access_token"])
        assert await house.is_good(eve["access_token"])
        (event,) = await house.audit("Grant.LimitExceeded")
        assert event["params"]["maxAllowedGrants"] == 2
        assert event["params"]["preRevocationActiveGrantCount"] == 3
        assert len(event["params"]["revokedGrantIds"]) == 1

    async def test_one(self, house: House, ada: User) -> None:
        """With a limit of one, a new sign-in takes the place of the earlier."""
        client = await house.add_client(maxAllowedGrants=1)
        first = await house.sign_in(client, ada)

        second = await house.sign_in(client, ada)

        assert not await house.is_good(first["access_token"])
        assert await house.is_good(second["access_token"])

    async def test_expired_ones_do_not_count(self, house: House, ada: User) -> None:
        """A grant that is over is not one that is ended."""
        client = await house.add_client(maxAllowedGrants=1)
        await house.sign_in(client, ada, scope="openid", prompt=None)
        house.pass_time(days=1)

        await house.sign_in(client, ada)

        assert await house.audit("Grant.LimitExceeded") == []


class TestDeletedClient:
    async def test_everything_ends(self, house: House, ada: User) -> None:
        """Tokens and codes of a client that was deleted are not good anywhere."""
        client = await house.add_client("SPA")
        tokens = await house.sign_in(client, ada)
        answer = await house.browser().authorize(client, user=ada)

        await house.remove_client(client)

        refreshed = await house.refresh(client, tokens["refresh_token"])
        assert refreshed.status_code == 401
        exchanged = await house.token({"grant_type": "authorization_code", "code": answer["code"]})
        assert exchanged.status_code in {400, 401}


class TestLifetime:
    """Reference section 11."""

    async def test_offline_access_needs_consent(self, house: House, ada: User) -> None:
        """OpenID Connect Core section 11: without prompt=consent it is ignored."""
        web = await house.add_client()

        tokens = await house.sign_in(web, ada, prompt=None)

        assert "offline_access" not in tokens["scope"]
        assert "refresh_token" not in tokens

    async def test_always(self, house: House, ada: User) -> None:
        """A web application may have a refresh token always; it dies with the session."""
        web = await house.add_client(alwaysIssueRefreshToken=True)
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser, prompt=None, scope="openid")
        await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        answer = await house.refresh(web, tokens["refresh_token"])

        assert answer.json()["error"] == "invalid_grant"

    async def test_offline_access_outlives_the_session(self, house: House, ada: User) -> None:
        web = await house.add_client()
        browser = house.browser()
        tokens = await house.sign_in(web, ada, browser=browser)
        await browser.get("/oidc/session/end", id_token_hint=tokens["id_token"])

        answer = await house.refresh(web, tokens["refresh_token"])

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("custom", "days"),
        [({}, 14), ({"refreshTokenTtlInDays": 30}, 30), ({"refreshTokenTtl": 86400}, 1)],
    )
    async def test_ttl(self, house: House, ada: User, custom: dict[str, int], days: int) -> None:
        """Days, else seconds, else 14 days."""
        web = await house.add_client(rotateRefreshToken=False, **custom)
        tokens = await house.sign_in(web, ada)
        house.pass_time(days=days, seconds=-60)
        before = await house.refresh(web, tokens["refresh_token"])
        house.pass_time(seconds=61)

        after = await house.refresh(web, tokens["refresh_token"])

        assert (before.status_code, after.status_code) == (200, 400)


class TestAdministrator:
    """/api/users/{id}/sessions and /api/users/{id}/grants."""

    async def test_sessions(self, house: House, ada: User, api_of: Any) -> None:
        """Where a user is signed in, with which applications; ending one ends what hangs on it."""
        web, browser = await house.add_client(), house.browser()
        tokens = await house.sign_in(web, ada, browser=browser, scope="openid", prompt=None)
        offline = await house.sign_in(await house.add_client(), ada, browser=browser)
        other = await house.sign_in(web, ada, scope="openid", prompt=None)
        api = await api_of(house)

        listed = (await api.get(f"/api/users/{ada.id}/sessions")).json()["sessions"]
        session = listed[0]
        shown = await api.get(f"/api/users/{ada.id}/sessions/{session['payload']['uid']}")

        assert len(listed) == 2
        assert shown.json() == session
        assert session["clientId"] == web.id
        assert session["accountId"] == ada.id
        assert session["lastSubmission"] is None
        assert session["expiresAt"] // 1000 == session["payload"]["exp"]
        payload = session["payload"]
        assert (payload["kind"], payload["accountId"]) == ("Session", ada.id)
        assert len(payload["authorizations"]) == 2
        assert payload["authorizations"][web.id]["persistsLogout"] is False

        deleted = await api.delete(f"/api/users/{ada.id}/sessions/{payload['uid']}")

        assert deleted.status_code == 204
        assert not await house.is_good(tokens["access_token"])
        assert await house.is_good(offline["access_token"])
        assert await house.is_good(other["access_token"])
        assert (await browser.authorize(web, prompt="none"))["error"] == "login_required"

    @pytest.mark.parametrize(
        ("target", "is_own_good", "is_partner_good"),
        [("all", False, False), ("firstParty", False, True)],
    )
    async def test_revoke_grants_target(
        self,
        house: House,
        ada: User,
        api_of: Any,
        target: str,
        is_own_good: bool,
        is_partner_good: bool,
    ) -> None:
        """Grants that outlive the session end with it where that is asked for."""
        own, partner = await house.add_client(), await make_partner(house)
        browser = house.browser()
        ours = await house.sign_in(own, ada, browser=browser)
        theirs = await allow(house, browser, partner, ada)
        api = await api_of(house)
        (session,) = (await api.get(f"/api/users/{ada.id}/sessions")).json()["sessions"]

        answer = await api.delete(
            f"/api/users/{ada.id}/sessions/{session['payload']['uid']}",
            params={"revokeGrantsTarget": target},
        )

        assert answer.status_code == 204
        assert await house.is_good(ours["access_token"]) is is_own_good
        assert await house.is_good(theirs["access_token"]) is is_partner_good

    async def test_everywhere(self, house: House, ada: User, api_of: Any) -> None:
        """All sessions of a user end at once; those of others do not."""
        web = await house.add_client()
        for _ in range(2):
            await house.sign_in(web, ada)
        eves = house.browser()
        await house.sign_in(web, await house.add_user("eve"), browser=eves)
        api = await api_of(house)

        await api.delete(f"/api/users/{ada.id}/sessions")

        assert (await api.get(f"/api/users/{ada.id}/sessions")).json() == {"sessions": []}
        assert "code" in await eves.authorize(web, prompt="none")

    async def test_grants(self, house: House, ada: User, api_of: Any) -> None:
        """What applications may do for a user, by party; a revoked one is gone with its tokens,
        and with the last one of a third party goes the consent."""
        own, partner = await house.add_client(), await make_partner(house)
        browser = house.browser()
        ours = await house.sign_in(own, ada, browser=browser)
        theirs = await allow(house, browser, partner, ada)
        api = await api_of(house)
        path = f"/api/users/{ada.id}/grants"

        async def clients(**params: str) -> list[str]:
            grants = (await api.get(path, params=params)).json()["grants"]
            return [grant["payload"]["clientId"] for grant in grants]

        assert await clients() == [own.id, partner.id]
        assert await clients(appType="firstParty") == [own.id]
        (grant,) = (await api.get(path, params={"appType": "thirdParty"})).json()["grants"]
        assert grant == {
            "id": grant["id"],
            "payload": {
                "exp": grant["expiresAt"] // 1000,
                "iat": grant["payload"]["iat"],
                "jti": grant["id"],
                "kind": "Grant",
                "clientId": partner.id,
                "accountId": ada.id,
            },
            "expiresAt": grant["expiresAt"],
            "application": {"id": partner.id, "name": "The Traditional application"},
        }

        assert (await api.delete(f"{path}/{grant['id']}")).status_code == 204

        assert await clients() == [own.id]
        assert not await house.is_good(theirs["access_token"])
        assert await house.is_good(ours["access_token"])
        assert await consent_of(house, ada, partner) is None
        (entry,) = await house.audit("RevokeGrants")
        assert entry["params"]["grantIds"] == [grant["id"]]

        assert (await api.delete(path)).status_code == 204
        assert await clients() == []
        assert not await house.is_good(ours["access_token"])

    async def test_refusals(self, house: House, ada: User, api_of: Any) -> None:
        """What is not this user's is not found, and nothing happens to it."""
        web = await house.add_client()
        eves = await house.sign_in(web, eve := await house.add_user("eve"))
        api = await api_of(house)
        (session,) = (await api.get(f"/api/users/{eve.id}/sessions")).json()["sessions"]
        (grant,) = (await api.get(f"/api/users/{eve.id}/grants")).json()["grants"]
        adas = f"/api/users/{ada.id}"

        assert refusal(await api.delete(f"{adas}/sessions/nothing")) == (
            404,
            "oidc.session_not_found",
        )
        foreign = f"{adas}/sessions/{session['payload']['uid']}"
        assert refusal(await api.get(foreign)) == (404, "oidc.invalid_session_account_id")
        assert refusal(await api.delete(foreign)) == (404, "oidc.invalid_session_account_id")
        assert refusal(await api.delete(f"{adas}/grants/{grant['id']}")) == (
            404,
            "entity.not_found",
        )
        assert (await api.get(f"{adas}/grants?appType=odd")).status_code == 400
        assert (
            await api.delete(f"/api/users/{eve.id}/sessions/x?revokeGrantsTarget=odd")
        ).status_code == 400
        assert await house.is_good(eves["access_token"])


def test_only_with_a_token(server: Server) -> None:
    """Nobody sees or ends sessions without a token of the management API."""
    with management_api(server) as api:
        del api.headers["authorization"]
        for path in ("/api/users/x/sessions", "/api/users/x/grants"):
            assert api.get(path).status_code == 401
            assert api.delete(path).status_code == 401


async def consent_of(house: House, user: User, client: RegisteredClient) -> Any:
    return await find_consent(
        house.db, tenant_id=house.tenant_id, user_id=user.id, client_id=client.id
    )


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def api_of() -> Any:
    """Return a function that gives a client of the management API of a house."""

    async def api(house: House) -> httpx.AsyncClient:
        return await house.management()

    return api
