"""/api/applications."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.support.management import management_api
from tests.support.server import Server

URIS = {"redirectUris": ["http://localhost:3000/callback"], "postLogoutRedirectUris": []}


def create(api: httpx.Client, **members: Any) -> dict[str, Any]:
    answer = api.post("/api/applications", json={"name": "Bookstore", "type": "SPA"} | members)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


class TestCreate:
    """POST /api/applications."""

    def test_everything(self, api: httpx.Client) -> None:
        created = create(
            api,
            type="Traditional",
            description="Sells books",
            oidcClientMetadata=URIS | {"logoUri": "https://books.example/logo.svg"},
            customClientMetadata={"refreshTokenTtlInDays": 7, "rotateRefreshToken": False},
            customData={"shelf": 4},
        )

        assert len(created["id"]) == 21
        assert created == {
            "tenantId": "default",
            "id": created["id"],
            "name": "Bookstore",
            "description": "Sells books",
            "type": "Traditional",
            "oidcClientMetadata": URIS | {"logoUri": "https://books.example/logo.svg"},
            "customClientMetadata": {"refreshTokenTtlInDays": 7, "rotateRefreshToken": False},
            "protectedAppMetadata": None,
            "customData": {"shelf": 4},
            "isThirdParty": False,
            "appLevelAccessControlEnabled": False,
            "createdAt": created["createdAt"],
        }
        assert abs(created["createdAt"] - time.time() * 1000) < 60_000

    def test_defaults(self, api: httpx.Client) -> None:
        created = create(api, description="")

        assert created["description"] is None
        assert created["oidcClientMetadata"] == {"redirectUris": [], "postLogoutRedirectUris": []}
        assert created["customClientMetadata"] == {}

    @pytest.mark.parametrize(
        ("type_", "names"),
        [
            ("Traditional", ["Default secret"]),
            ("MachineToMachine", ["Default secret"]),
            ("SPA", []),
            ("Native", []),
        ],
    )
    def test_first_secret(self, api: httpx.Client, type_: str, names: list[str]) -> None:
        created = create(api, type=type_)

        secrets = api.get(f"/api/applications/{created['id']}/secrets").json()

        assert [secret["name"] for secret in secrets] == names
        assert all(len(secret["value"]) == 32 for secret in secrets)

    @pytest.mark.parametrize(
        ("members", "status", "code"),
        [
            ({"type": "SAML"}, 400, "application.saml.use_saml_app_api"),
            ({"type": "Protected"}, 501, "application.protected_app_not_configured"),
            (
                {"type": "MachineToMachine", "isThirdParty": True},
                400,
                "application.invalid_third_party_application_type",
            ),
            (
                {"customClientMetadata": {"isDeviceFlow": True}},
                422,
                "application.device_flow_native_only",
            ),
            (
                {"isThirdParty": True, "customClientMetadata": {"allowTokenExchange": True}},
                422,
                "application.third_party_application_cannot_enable_token_exchange",
            ),
        ],
    )
    def test_rules(
        self, api: httpx.Client, members: dict[str, Any], status: int, code: str
    ) -> None:
        answer = api.post("/api/applications", json={"name": "A", "type": "SPA"} | members)

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.parametrize(
        "members",
        [
            {"name": ""},
            {"name": "x" * 257},
            {"name": None},
            {"type": "Website"},
            {"type": None},
            {"oidcClientMetadata": {"redirectUris": []}},
            {"oidcClientMetadata": URIS | {"backchannelLogoutUri": "nowhere"}},
            {"customClientMetadata": {"refreshTokenTtlInDays": 181}},
            {"customClientMetadata": {"refreshTokenTtlInDays": 0}},
            {"customClientMetadata": {"idTokenTtl": 10**12}},
            {"customClientMetadata": {"corsAllowedOrigins": [""]}},
            {"customData": []},
            {"isThirdParty": "yes"},
        ],
        ids=repr,
    )
    def test_bad_input(self, api: httpx.Client, members: dict[str, Any]) -> None:
        answer = api.post("/api/applications", json={"name": "A", "type": "SPA"} | members)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")

    @pytest.mark.parametrize(
        "uri",
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.example/#fragment",
            "https://app.example/../callback",
            "https://*.example/callback",
            "https://user@app.example/",
            "/callback",
            "https://app.example\\@evil.example/",
        ],
    )
    @pytest.mark.parametrize("member", ["redirectUris", "postLogoutRedirectUris"])
    def test_dangerous_redirect_uri(self, api: httpx.Client, member: str, uri: str) -> None:
        answer = api.post(
            "/api/applications",
            json={"name": "A", "type": "SPA", "oidcClientMetadata": URIS | {member: [uri]}},
        )

        assert answer.status_code == 400
        assert answer.json()["data"]["issues"][0]["path"] == ["oidcClientMetadata", member, 0]

    @pytest.mark.parametrize(
        "uri",
        ["com.example.app://callback", "http://127.0.0.1/", "https://*.preview.example.com/*"],
    )
    def test_usable_redirect_uri(self, api: httpx.Client, uri: str) -> None:
        created = create(api, type="Native", oidcClientMetadata=URIS | {"redirectUris": [uri]})

        assert created["oidcClientMetadata"]["redirectUris"] == [uri]


class TestRead:
    """GET /api/applications and /api/applications/{id}."""

    def test_one(self, api: httpx.Client) -> None:
        created = create(api)

        assert api.get(f"/api/applications/{created['id']}").json() == created | {"isAdmin": False}

    def test_unknown(self, api: httpx.Client) -> None:
        answer = api.get("/api/applications/nothing")

        assert (answer.status_code, answer.json()["code"]) == (404, "entity.not_exists_with_id")

    def test_filters(self, api: httpx.Client) -> None:
        third = create(api, name="Third", isThirdParty=True)
        machine = create(api, name="Machine", type="MachineToMachine")

        def ids(query: str) -> set[str]:
            return {app["id"] for app in api.get(f"/api/applications?{query}").json()}

        assert third["id"] in ids("isThirdParty=true")
        assert third["id"] not in ids("isThirdParty=false")
        assert machine["id"] in ids("types=MachineToMachine&types=Native")
        assert third["id"] not in ids("types=MachineToMachine")
        assert ids("search.name=Mach%25") == {machine["id"]}
        assert ids("types=Protected") == set()

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("isThirdParty=maybe", "guard.invalid_input"),
            ("types=Website", "guard.invalid_input"),
            ("excludeRoleId=a&excludeOrganizationId=b", "request.invalid_input"),
        ],
    )
    def test_bad_filters(self, api: httpx.Client, query: str, code: str) -> None:
        answer = api.get(f"/api/applications?{query}")

        assert (answer.status_code, answer.json()["code"]) == (400, code)


class TestUpdate:
    """PATCH /api/applications/{id} and its custom data."""

    def test_what_is_sent_changes(self, api: httpx.Client) -> None:
        created = create(api, description="Old", customData={"a": 1})
        path = f"/api/applications/{created['id']}"

        assert api.patch(path, json={"name": "New"}).json() == created | {"name": "New"}
        assert api.patch(path, json={"description": None}).json()["description"] is None
        assert api.patch(path, json={"customData": {"b": 2}}).json()["customData"] == {"b": 2}
        assert api.patch(path, json={}).json()["name"] == "New"

    def test_type_and_party_never_change(self, api: httpx.Client) -> None:
        created = create(api)

        changed = api.patch(
            f"/api/applications/{created['id']}", json={"type": "Native", "isThirdParty": True}
        ).json()

        assert (changed["type"], changed["isThirdParty"]) == ("SPA", False)

    def test_metadata_is_replaced_whole(self, api: httpx.Client) -> None:
        created = create(api, customClientMetadata={"idTokenTtl": 60, "rotateRefreshToken": True})

        changed = api.patch(
            f"/api/applications/{created['id']}",
            json={"customClientMetadata": {"idTokenTtl": 90}, "oidcClientMetadata": URIS},
        ).json()

        assert changed["customClientMetadata"] == {"idTokenTtl": 90}
        assert changed["oidcClientMetadata"] == URIS

    def test_custom_data_is_merged(self, api: httpx.Client) -> None:
        created = create(api, customData={"a": {"x": 1}, "b": 2})

        answer = api.patch(
            f"/api/applications/{created['id']}/custom-data", json={"a": {"y": 2}, "c": None}
        )

        assert answer.json() == {"a": {"y": 2}, "b": 2, "c": None}

    def test_device_flow_never_changes(self, api: httpx.Client) -> None:
        created = create(api, type="Native")

        answer = api.patch(
            f"/api/applications/{created['id']}",
            json={"customClientMetadata": {"isDeviceFlow": True}},
        )

        assert (answer.status_code, answer.json()["code"]) == (
            422,
            "application.device_flow_not_changeable",
        )

    def test_a_protection_that_is_not_there_is_refused(self, api: httpx.Client) -> None:
        created = create(api)

        answer = api.patch(
            f"/api/applications/{created['id']}", json={"appLevelAccessControlEnabled": True}
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "request.feature_not_supported")

    def test_a_refused_change_changes_nothing(self, api: httpx.Client) -> None:
        created = create(api)
        path = f"/api/applications/{created['id']}"

        answer = api.patch(path, json={"name": "New", "isAdmin": True})

        assert (answer.status_code, answer.json()["code"]) == (422, "application.invalid_type")
        assert api.get(path).json()["name"] == "Bookstore"

    def test_unknown(self, api: httpx.Client) -> None:
        assert api.patch("/api/applications/nothing", json={"name": "A"}).status_code == 404
        assert api.patch("/api/applications/nothing/custom-data", json={}).status_code == 404


class TestDelete:
    """DELETE /api/applications/{id}."""

    def test_once(self, api: httpx.Client) -> None:
        created = create(api, type="Traditional")
        path = f"/api/applications/{created['id']}"

        first, second = api.delete(path), api.delete(path)

        assert (first.status_code, first.content) == (204, b"")
        assert (second.status_code, second.json()["code"]) == (404, "entity.not_found")
        assert api.get(path).status_code == 404
        assert api.get(f"{path}/secrets").status_code == 404

    def test_its_secret_works_no_longer(self, server_on_each: Server, api: httpx.Client) -> None:
        machine = create(api, type="MachineToMachine")
        secret = api.get(f"/api/applications/{machine['id']}/secrets").json()[0]["value"]

        api.delete(f"/api/applications/{machine['id']}")

        assert _token_error(server_on_each, machine["id"], secret) == "invalid_client"


def test_the_application_of_the_console_is_in_its_own_tenant(server_on_each: Server) -> None:
    with management_api(server_on_each, tenant="admin") as admin:
        names = {app["name"] for app in admin.get("/api/applications").json()}

    assert names == {
        "Admin Console",
        "Management API access for admin",
        "Management API access for default",
    }


def _token_error(server: Server, app_id: str, secret: str) -> str:
    answer = httpx.post(
        f"{server.issuer}/token",
        data={"grant_type": "client_credentials", "resource": "https://nothing.example"},
        auth=(app_id, secret),
        timeout=20,
    )
    error: str = answer.json()["error"]
    return error
