"""/api/logs."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.support.management import client_credentials_token
from tests.support.server import Server

TOKEN = "ExchangeTokenBy.ClientCredentials"


@pytest.fixture(scope="module")
def machine(server_on_each: Server, api: httpx.Client) -> dict[str, Any]:
    """A machine that fetched three tokens, which the log has to show."""
    created: dict[str, Any] = api.post(
        "/api/applications", json={"name": "Robot", "type": "MachineToMachine"}
    ).json()
    roles = api.get("/api/roles", params={"search.name": "Logto Management API access"}).json()
    api.post(f"/api/applications/{created['id']}/roles", json={"roleIds": [roles[0]["id"]]})
    secret = api.get(f"/api/applications/{created['id']}/secrets").json()[0]["value"]
    for _ in range(3):
        client_credentials_token(
            server_on_each.issuer,
            app_id=created["id"],
            app_secret=secret,
            resource="https://default.logto.app/api",
        )
        time.sleep(0.005)
    return created


def test_newest_first(api: httpx.Client, machine: dict[str, Any]) -> None:
    answer = api.get(f"/api/logs?applicationId={machine['id']}&page_size=2")

    newest, older = answer.json()
    assert newest["createdAt"] > older["createdAt"]
    assert answer.headers["total-number"] == "3"
    assert set(newest) == {"tenantId", "id", "key", "payload", "createdAt"}
    assert newest["key"] == TOKEN
    assert newest["payload"]["key"] == TOKEN
    assert newest["payload"]["result"] == "Success"
    assert newest["payload"]["applicationId"] == machine["id"]
    assert newest["payload"]["ip"] == "127.0.0.1"


def test_one(api: httpx.Client, machine: dict[str, Any]) -> None:
    listed = api.get(f"/api/logs?applicationId={machine['id']}").json()[0]

    assert api.get(f"/api/logs/{listed['id']}").json() == listed
    assert api.get("/api/logs/nothing").json()["code"] == "entity.not_exists_with_id"


def test_filters(api: httpx.Client, machine: dict[str, Any]) -> None:
    entries = api.get(f"/api/logs?applicationId={machine['id']}").json()
    middle = entries[1]["createdAt"]

    def ids(query: str) -> list[str]:
        return [e["id"] for e in api.get(f"/api/logs?applicationId={machine['id']}&{query}").json()]

    every = [entry["id"] for entry in entries]
    assert ids(f"logKey={TOKEN}") == every
    assert ids("logKey=Nothing") == []
    assert ids("userId=nobody") == []
    assert ids(f"start_time={middle}") == every[:2]
    assert ids(f"end_time={middle}") == every[1:]
    assert ids(f"start_time={middle}&end_time={middle}") == [every[1]]
    assert api.get("/api/logs?applicationId=nothing").json() == []


def test_no_secret_is_in_the_log(api: httpx.Client, machine: dict[str, Any]) -> None:
    secret = api.get(f"/api/applications/{machine['id']}/secrets").json()[0]["value"]

    assert secret not in api.get("/api/logs").text


def test_the_cap_is_not_reached(api: httpx.Client, machine: dict[str, Any]) -> None:
    answer = api.get(f"/api/logs?applicationId={machine['id']}&enableCap=true&page_size=1")

    assert answer.headers["total-number"] == "3"
    assert "total-number-is-capped" not in answer.headers


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("start_time=2&end_time=1", "log.invalid_time_window"),
        ("start_time=yesterday", "guard.invalid_input"),
        ("start_time=-1", "guard.invalid_input"),
        (f"end_time={10**20}", "guard.invalid_input"),
    ],
)
def test_bad_input(api: httpx.Client, query: str, code: str) -> None:
    answer = api.get(f"/api/logs?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_times_at_their_limits(api: httpx.Client) -> None:
    assert api.get("/api/logs?start_time=0&end_time=253402300799000").status_code == 200
