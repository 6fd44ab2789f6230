"""/api/configs/cimd."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.support.management import management_api
from tests.support.server import Server, running_server

PATH = "/api/configs/cimd"


def is_announced(server: Server) -> bool:
    metadata = httpx.get(f"{server.issuer}/.well-known/openid-configuration", timeout=20).json()
    return bool(metadata.get("client_id_metadata_document_supported", False))


def test_switching_it_on_and_off(server_on_each: Server, api: httpx.Client) -> None:
    """Off at first; what discovery says follows at once."""
    assert api.get(PATH).json() == {"enabled": False}
    assert not is_announced(server_on_each)

    assert api.patch(PATH, json={}).json() == {"enabled": False}
    on = api.patch(PATH, json={"enabled": True})
    assert (on.status_code, on.json()) == (200, {"enabled": True})
    assert api.get(PATH).json() == {"enabled": True}
    assert is_announced(server_on_each)

    assert api.patch(PATH, json={"enabled": False}).json() == {"enabled": False}
    assert not is_announced(server_on_each)


def test_only_true_and_false(api: httpx.Client) -> None:
    for value in ("true", 1, None, {}):
        answer = api.patch(PATH, json={"enabled": value})
        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")


def test_a_token_is_needed(server_on_each: Server) -> None:
    assert httpx.get(f"{server_on_each.endpoint}{PATH}", timeout=20).status_code == 401


def test_refused_without_the_guard(tmp_path: Path) -> None:
    """Strangers would direct calls into the operator's network: 422."""
    settings = {"DOORWARD_ALLOW_PRIVATE_ADDRESSES": "true"}
    with (
        running_server(tmp_path, settings=settings, is_warm=True) as server,
        management_api(server) as api,
    ):
        answer = api.patch(PATH, json={"enabled": True})

        assert (answer.status_code, answer.json()["code"]) == (422, "oidc.invalid_request")
        assert api.get(PATH).json() == {"enabled": False}
        assert not is_announced(server)


class TestConsentScopes:
    """/api/cimd/user-consent-scopes."""

    PATH = "/api/cimd/user-consent-scopes"

    def test_adding_and_removing(self, api: httpx.Client) -> None:
        resource = api.post(
            "/api/resources", json={"name": "Books", "indicator": "https://books.example/api"}
        ).json()
        scope = api.post(
            f"/api/resources/{resource['id']}/scopes", json={"name": "read", "description": ""}
        ).json()
        nothing = {
            "organizationScopes": [],
            "resourceScopes": [],
            "organizationResourceScopes": [],
            "userScopes": [],
        }
        assert api.get(self.PATH).json() == nothing

        added = api.post(
            self.PATH, json={"userScopes": ["profile", "email"], "resourceScopes": [scope["id"]]}
        )

        assert (added.status_code, added.text) == (201, "Created")
        assert api.get(self.PATH).json() == nothing | {
            "userScopes": ["email", "profile"],
            "resourceScopes": [
                {
                    "resource": {
                        "id": resource["id"],
                        "name": "Books",
                        "indicator": "https://books.example/api",
                    },
                    "scopes": [{"id": scope["id"], "name": "read", "description": None}],
                }
            ],
        }
        assert api.post(self.PATH, json={"userScopes": ["email"]}).status_code == 201
        assert api.delete(f"{self.PATH}/user-scopes/email").status_code == 204
        assert api.delete(f"{self.PATH}/user-scopes/profile").status_code == 204
        assert api.delete(f"{self.PATH}/resource-scopes/{scope['id']}").status_code == 204
        assert api.get(self.PATH).json() == nothing

    def test_refusals(self, api: httpx.Client) -> None:
        def refusal(answer: httpx.Response) -> tuple[int, str]:
            return answer.status_code, answer.json()["code"]

        management = api.get("/api/resources/management-api/scopes?page_size=100").json()[0]["id"]

        assert refusal(api.post(self.PATH, json={"userScopes": ["openid"]})) == (
            400,
            "guard.invalid_input",
        )
        assert refusal(api.post(self.PATH, json={"resourceScopes": ["unknown"]})) == (
            422,
            "application.user_consent_scopes_not_found",
        )
        assert refusal(api.post(self.PATH, json={"organizationScopes": ["unknown"]})) == (
            422,
            "application.user_consent_scopes_not_found",
        )
        assert refusal(api.post(self.PATH, json={"resourceScopes": [management]})) == (
            422,
            "application.consent_management_api_scopes_not_allowed",
        )
        assert refusal(api.delete(f"{self.PATH}/user-scopes/email")) == (404, "entity.not_found")
        assert api.delete(f"{self.PATH}/scopes/email").status_code == 400
