"""/api/applications/{id}/secrets."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.support.server import Server


def create(api: httpx.Client, **members: Any) -> dict[str, Any]:
    answer = api.post("/api/applications", json={"name": "Bookstore", "type": "SPA"} | members)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


class TestSecrets:
    """/api/applications/{id}/secrets."""

    def test_life_of_a_secret(self, api: httpx.Client) -> None:
        path = f"/api/applications/{create(api, type='Traditional')['id']}/secrets"
        end = int(time.time() * 1000) + 86_400_000

        made = api.post(path, json={"name": "CI", "expiresAt": end})
        renamed = api.patch(f"{path}/CI", json={"name": "CD"})
        listed = api.get(path).json()
        deleted = api.delete(f"{path}/CD")

        assert made.status_code == 201
        assert made.json() == {
            "tenantId": "default",
            "applicationId": path.split("/")[3],
            "name": "CI",
            "value": made.json()["value"],
            "createdAt": made.json()["createdAt"],
            "expiresAt": end,
        }
        assert renamed.json() == made.json() | {"name": "CD"}
        assert [secret["name"] for secret in listed] == ["Default secret", "CD"]
        assert deleted.status_code == 204
        assert [secret["name"] for secret in api.get(path).json()] == ["Default secret"]

    @pytest.mark.parametrize("name", ["a/b", "a b", "ä", "%2F", "?", ".."])
    def test_any_name(self, api: httpx.Client, name: str) -> None:
        path = f"/api/applications/{create(api, type='Traditional')['id']}/secrets"
        api.post(path, json={"name": name})

        encoded = "".join(f"%{byte:02X}" for byte in name.encode())

        assert api.delete(f"{path}/{encoded}").status_code == 204

    def test_name_in_use(self, api: httpx.Client) -> None:
        path = f"/api/applications/{create(api, type='Traditional')['id']}/secrets"
        api.post(path, json={"name": "CI"})

        again = api.post(path, json={"name": "CI"})
        renamed = api.patch(f"{path}/CI", json={"name": "Default secret"})

        for answer in (again, renamed):
            assert (answer.status_code, answer.json()["code"]) == (
                422,
                "application.secret_name_exists",
            )

    def test_end_in_the_past(self, api: httpx.Client) -> None:
        path = f"/api/applications/{create(api, type='Traditional')['id']}/secrets"

        answer = api.post(path, json={"name": "CI", "expiresAt": 1})

        assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid_input")

    def test_public_applications_have_none(self, api: httpx.Client) -> None:
        path = f"/api/applications/{create(api, type='SPA')['id']}/secrets"

        answer = api.post(path, json={"name": "CI"})

        assert (answer.status_code, answer.json()["code"]) == (422, "entity.db_constraint_violated")

    def test_unknown(self, api: httpx.Client) -> None:
        path = f"/api/applications/{create(api, type='Traditional')['id']}/secrets"

        assert api.delete(f"{path}/nothing").status_code == 404
        renamed = api.patch(f"{path}/nothing", json={"name": "A"})
        assert (renamed.status_code, renamed.json()["code"]) == (404, "entity.not_exists")
        assert renamed.json()["message"] == "There is no such secret."
        assert api.get("/api/applications/nothing/secrets").status_code == 404
        assert api.post("/api/applications/nothing/secrets", json={"name": "A"}).status_code == 404

    def test_each_works_until_it_is_deleted(
        self, server_on_each: Server, api: httpx.Client
    ) -> None:
        """Rotation without an outage: two secrets at a time, and a deleted one stops at once."""
        machine = create(api, type="MachineToMachine")
        path = f"/api/applications/{machine['id']}/secrets"
        first = api.get(path).json()[0]["value"]
        second = api.post(path, json={"name": "Second"}).json()["value"]

        assert _token_error(server_on_each, machine["id"], first) != "invalid_client"
        assert _token_error(server_on_each, machine["id"], second) != "invalid_client"

        api.delete(f"{path}/Default%20secret")

        assert _token_error(server_on_each, machine["id"], first) == "invalid_client"
        assert _token_error(server_on_each, machine["id"], second) != "invalid_client"

    def test_legacy_secret(self, api: httpx.Client) -> None:
        path = f"/api/applications/{create(api)['id']}/legacy-secret"

        answer = api.delete(path)

        assert (answer.status_code, answer.json()["code"]) == (
            400,
            "application.no_legacy_secret_found",
        )


def _token_error(server: Server, app_id: str, secret: str) -> str:
    answer = httpx.post(
        f"{server.issuer}/token",
        data={"grant_type": "client_credentials", "resource": "https://nothing.example"},
        auth=(app_id, secret),
        timeout=20,
    )
    error: str = answer.json()["error"]
    return error
