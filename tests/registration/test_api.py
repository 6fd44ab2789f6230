"""/api/configs/client-registration and its initial access tokens."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.support.server import Server

PATH = "/api/configs/client-registration"
TOKENS = f"{PATH}/initial-access-tokens"
AT_FIRST = {
    "mode": "closed",
    "userScopes": ["profile", "email"],
    "resourceScopes": [],
    "softwareStatementIssuers": [],
    "requiresSoftwareStatement": False,
    "unusedClientDays": 90,
}


def register(server: Server, token: str | None = None) -> httpx.Response:
    return httpx.post(
        f"{server.issuer}/reg",
        json={"redirect_uris": ["https://client.example/callback"]},
        headers={"authorization": f"Bearer {token}"} if token else {},
        timeout=20,
    )


class TestConfig:
    def test_choosing(self, server_on_each: Server, api: httpx.Client) -> None:
        """Closed at first; what is not sent stays; it is in force at once."""
        assert api.get(PATH).json() == AT_FIRST
        assert register(server_on_each).status_code == 404

        changed = api.patch(PATH, json={"mode": "open", "unusedClientDays": 0})

        assert changed.json() == AT_FIRST | {"mode": "open", "unusedClientDays": 0}
        assert api.get(PATH).json() == changed.json()
        assert register(server_on_each).status_code == 201
        issuers = [{"issuer": "https://a.example", "jwksUri": "https://a.example/jwks"}]
        changed = api.patch(PATH, json={"softwareStatementIssuers": issuers})
        assert changed.json()["softwareStatementIssuers"] == issuers
        assert changed.json()["mode"] == "open"
        api.patch(PATH, json=AT_FIRST)
        assert register(server_on_each).status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            {"mode": "anybody"},
            {"mode": None},
            {"userScopes": ["openid"]},
            {"userScopes": "profile"},
            {"unusedClientDays": -1},
            {"unusedClientDays": 3651},
            {"softwareStatementIssuers": [{"issuer": "https://a.example"}]},
            {
                "softwareStatementIssuers": [
                    {"issuer": "https://a.example", "jwksUri": "http://a.example/jwks"}
                ]
            },
            {"requiresSoftwareStatement": "true"},
        ],
    )
    def test_refusals(self, api: httpx.Client, body: dict[str, Any]) -> None:
        answer = api.patch(PATH, json=body)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")
        assert api.get(PATH).json() == AT_FIRST

    def test_scopes_that_do_not_exist(self, api: httpx.Client) -> None:
        management = api.get("/api/resources/management-api/scopes?page_size=100").json()[0]["id"]

        unknown = api.patch(PATH, json={"resourceScopes": ["unknown"]})
        own = api.patch(PATH, json={"resourceScopes": [management]})

        assert unknown.json()["code"] == "application.user_consent_scopes_not_found"
        assert own.json()["code"] == "application.consent_management_api_scopes_not_allowed"
        assert api.get(PATH).json() == AT_FIRST


class TestTokens:
    def test_the_value_is_shown_once(self, server_on_each: Server, api: httpx.Client) -> None:
        api.patch(PATH, json={"mode": "initialAccessToken"})
        made = api.post(TOKENS, json={"name": "For Ada", "uses": 2})

        token = made.json()
        (listed,) = api.get(TOKENS).json()
        assert made.status_code == 201
        assert token["value"].startswith("iat_")
        assert listed == {name: value for name, value in token.items() if name != "value"}
        assert register(server_on_each).status_code == 401
        assert register(server_on_each, token["value"]).status_code == 201
        assert api.get(TOKENS).json()[0]["remainingUses"] == 1

        assert api.delete(f"{TOKENS}/{token['id']}").status_code == 204
        assert register(server_on_each, token["value"]).status_code == 401
        assert api.delete(f"{TOKENS}/{token['id']}").status_code == 404
        api.patch(PATH, json=AT_FIRST)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": ""},
            {"name": "x" * 257},
            {"name": "x", "uses": 0},
            {"name": "x", "uses": 1_000_001},
            {"name": "x", "uses": "1"},
            {"name": "x", "expiresAt": 1},
            {"name": "x", "expiresAt": "tomorrow"},
        ],
    )
    def test_refusals(self, api: httpx.Client, body: dict[str, Any]) -> None:
        answer = api.post(TOKENS, json=body)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")

    def test_without_a_limit(self, api: httpx.Client) -> None:
        expires_at = int(time.time() * 1000) + 60_000
        made = api.post(
            TOKENS, json={"name": "For all", "uses": None, "expiresAt": expires_at}
        ).json()

        assert (made["remainingUses"], made["expiresAt"]) == (None, expires_at)


def test_a_token_is_needed(server_on_each: Server) -> None:
    for path in (PATH, TOKENS):
        assert httpx.get(f"{server_on_each.endpoint}{path}", timeout=20).status_code == 401
