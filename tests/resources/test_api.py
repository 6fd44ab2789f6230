"""/api/resources and their scopes."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from tests.support.management import management_api
from tests.support.server import Server

_numbers = itertools.count()


def create(api: httpx.Client, **members: Any) -> dict[str, Any]:
    indicator = f"https://books{next(_numbers)}.example/api"
    answer = api.post("/api/resources", json={"name": "Books", "indicator": indicator} | members)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestResources:
    """What an access token can be for."""

    def test_create(self, api: httpx.Client) -> None:
        created = create(api, indicator="https://shelf.example/api", accessTokenTtl=60)

        assert created == {
            "tenantId": "default",
            "id": created["id"],
            "name": "Books",
            "indicator": "https://shelf.example/api",
            "isDefault": False,
            "accessTokenTtl": 60,
            "accessTokenFormat": "jwt",
            "authorizationDetailsTypes": [],
            "requiredAcr": None,
            "maxAuthenticationAge": None,
            "scopes": [],
        }
        shown = api.get(f"/api/resources/{created['id']}").json()
        assert shown == {name: created[name] for name in created if name != "scopes"}

    def test_lifetime_of_an_hour_by_default(self, api: httpx.Client) -> None:
        assert create(api)["accessTokenTtl"] == 3600

    def test_opaque_tokens_and_authorization_details(self, api: httpx.Client) -> None:
        """How tokens look, and what clients may ask for by RFC 9396; types are of one resource."""
        types = [
            {
                "type": "payment_initiation",
                "description": "Initiate a payment",
                "fields": {"amount": {"kind": "string", "isRequired": True}},
            }
        ]
        created = create(api, accessTokenFormat="opaque", authorizationDetailsTypes=types)
        path = f"/api/resources/{created['id']}"

        assert created["accessTokenFormat"] == "opaque"
        assert api.get(path).json()["authorizationDetailsTypes"] == types
        other = create(api)
        taken = api.patch(
            f"/api/resources/{other['id']}", json={"authorizationDetailsTypes": types}
        )
        assert refusal(taken) == (422, "resource.authorization_details_type_in_use")
        again = api.patch(path, json={"authorizationDetailsTypes": types * 2})
        assert refusal(again) == (422, "resource.authorization_details_type_in_use")
        changed = api.patch(
            path, json={"accessTokenFormat": "jwt", "authorizationDetailsTypes": []}
        )
        assert changed.json()["accessTokenFormat"] == "jwt"
        assert api.patch(
            f"/api/resources/{other['id']}", json={"authorizationDetailsTypes": types}
        ).is_success

    def test_what_it_demands_of_sign_ins(self, api: httpx.Client) -> None:
        """RFC 9470: how strongly and how lately users have to have signed in; null demands
        nothing."""
        created = create(api, requiredAcr="phr", maxAuthenticationAge=300)
        path = f"/api/resources/{created['id']}"

        assert (created["requiredAcr"], created["maxAuthenticationAge"]) == ("phr", 300)
        changed = api.patch(
            path, json={"requiredAcr": "urn:doorward:acr:mfa", "maxAuthenticationAge": None}
        ).json()
        assert changed["requiredAcr"] == "urn:doorward:acr:mfa"
        assert changed["maxAuthenticationAge"] is None
        assert api.patch(path, json={"requiredAcr": None}).json()["requiredAcr"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"accessTokenFormat": "saml"},
            {"requiredAcr": "urn:mace:incommon:iap:silver"},
            {"maxAuthenticationAge": 0},
            {"authorizationDetailsTypes": [{}]},
            {"authorizationDetailsTypes": [{"type": ""}]},
            {"authorizationDetailsTypes": [{"type": "a b"}]},
            {"authorizationDetailsTypes": [{"type": "a", "fields": {"x": {"kind": "date"}}}]},
            {"authorizationDetailsTypes": [{"type": "a", "fields": {"x": {}}}]},
            {"authorizationDetailsTypes": [{"type": str(n)} for n in range(51)]},
        ],
    )
    def test_malformed_formats(self, api: httpx.Client, body: dict[str, Any]) -> None:
        asked = {"name": "A", "indicator": "https://malformed.example"} | body
        assert refusal(api.post("/api/resources", json=asked)) == (400, "guard.invalid_input")

    def test_indicator_in_use(self, api: httpx.Client) -> None:
        created = create(api)

        again = api.post("/api/resources", json={"name": "B", "indicator": created["indicator"]})

        assert refusal(again) == (422, "resource.resource_identifier_in_use")
        assert created["indicator"] in again.json()["message"]

    @pytest.mark.parametrize(
        "indicator",
        [
            "https://default.logto.app/api",
            "https://admin.logto.app/api",
            "https://another.logto.app/api",
            "urn:logto:organization:abc",
            "urn:logto:resource:organizations",
        ],
    )
    def test_reserved_indicator(self, api: httpx.Client, indicator: str) -> None:
        """A token for it would be taken for one of a management API, or of an organization."""
        answer = api.post("/api/resources", json={"name": "Mine", "indicator": indicator})

        assert refusal(answer) == (422, "resource.resource_identifier_in_use")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": "A"},
            {"name": "", "indicator": "https://a.example"},
            {"name": "A", "indicator": ""},
            {"name": "A", "indicator": "https://a.example", "accessTokenTtl": 0},
            {"name": "A", "indicator": "https://a.example", "accessTokenTtl": -1},
            {"name": "A", "indicator": "https://a.example", "accessTokenTtl": 10**20},
            {"name": "A", "indicator": "https://a.example", "accessTokenTtl": 1.5},
            {"name": "A", "indicator": ["https://a.example"]},
            {"name": "A", "indicator": "books"},
            {"name": "A", "indicator": "not a uri"},
            {"name": "A", "indicator": "https://a.example/#fragment"},
        ],
        ids=repr,
    )
    def test_bad_input(self, api: httpx.Client, body: dict[str, Any]) -> None:
        assert refusal(api.post("/api/resources", json=body)) == (400, "guard.invalid_input")

    def test_update(self, api: httpx.Client) -> None:
        created = create(api)
        path = f"/api/resources/{created['id']}"

        changed = api.patch(
            path, json={"name": "New", "accessTokenTtl": 90, "indicator": "https://new.example"}
        ).json()

        assert (changed["name"], changed["accessTokenTtl"]) == ("New", 90)
        assert changed["indicator"] == created["indicator"]

    def test_one_default(self, api: httpx.Client) -> None:
        first, second = create(api), create(api)

        for one in (first, second):
            answer = api.patch(f"/api/resources/{one['id']}/is-default", json={"isDefault": True})
            assert answer.json()["isDefault"] is True

        listed = api.get("/api/resources").json()
        assert [one["id"] for one in listed if one["isDefault"]] == [second["id"]]
        cleared = api.patch(
            f"/api/resources/{second['id']}/is-default", json={"isDefault": False}
        ).json()
        assert cleared["isDefault"] is False

    def test_the_management_api_is_no_default(self, api: httpx.Client) -> None:
        path = "/api/resources/management-api/is-default"
        answer = api.patch(path, json={"isDefault": True})

        assert refusal(answer) == (400, "resource.cannot_modify_management_api")

    def test_delete(self, api: httpx.Client) -> None:
        path = f"/api/resources/{create(api)['id']}"

        assert api.delete(path).status_code == 204
        assert refusal(api.delete(path)) == (404, "entity.not_found")
        assert refusal(api.get(path)) == (404, "entity.not_exists_with_id")
        assert refusal(api.patch(path, json={"name": "A"})) == (404, "entity.not_exists_with_id")

    def test_list_with_scopes(self, api: httpx.Client) -> None:
        created = create(api)
        scope = api.post(f"/api/resources/{created['id']}/scopes", json={"name": "read"}).json()

        listed = {one["id"]: one for one in api.get("/api/resources?includeScopes=true").json()}
        plain = {one["id"]: one for one in api.get("/api/resources").json()}

        assert listed[created["id"]]["scopes"] == [scope]
        assert "scopes" not in plain[created["id"]]


class TestScopes:
    """What a token for a resource allows."""

    def test_life(self, api: httpx.Client) -> None:
        resource = create(api)
        path = f"/api/resources/{resource['id']}/scopes"

        made = api.post(path, json={"name": "read:books", "description": "Reads"})
        scope = made.json()
        changed = api.patch(f"{path}/{scope['id']}", json={"name": "read", "description": ""})
        listed = api.get(path)

        assert made.status_code == 201
        assert scope == {
            "tenantId": "default",
            "id": scope["id"],
            "resourceId": resource["id"],
            "name": "read:books",
            "description": "Reads",
            "createdAt": scope["createdAt"],
        }
        assert changed.json() == scope | {"name": "read", "description": None}
        assert listed.json() == [changed.json()]
        assert listed.headers["total-number"] == "1"
        assert api.delete(f"{path}/{scope['id']}").status_code == 204
        assert refusal(api.delete(f"{path}/{scope['id']}")) == (404, "entity.not_found")

    def test_names(self, api: httpx.Client) -> None:
        path = f"/api/resources/{create(api)['id']}/scopes"
        scope = api.post(path, json={"name": "write"}).json()
        api.post(path, json={"name": "read"})

        assert refusal(api.post(path, json={"name": "a b"})) == (400, "scope.name_with_space")
        assert refusal(api.post(path, json={"name": "a\tb"})) == (400, "scope.name_with_space")
        assert refusal(api.post(path, json={"name": "read"})) == (422, "scope.name_exists")
        renamed = api.patch(f"{path}/{scope['id']}", json={"name": "read"})
        assert refusal(renamed) == (422, "scope.name_exists")
        assert refusal(api.post(path, json={"name": ""})) == (400, "guard.invalid_input")

    def test_search(self, api: httpx.Client) -> None:
        path = f"/api/resources/{create(api)['id']}/scopes"
        for name in ("read:books", "write:books", "read:shelves"):
            api.post(path, json={"name": name})

        found = api.get(f"{path}?search.name=READ%25").json()

        assert [scope["name"] for scope in found] == ["read:books", "read:shelves"]

    def test_of_another_resource(self, api: httpx.Client) -> None:
        """A scope is reached through its own resource only."""
        ours, other = create(api), create(api)
        scope = api.post(f"/api/resources/{ours['id']}/scopes", json={"name": "read"}).json()
        path = f"/api/resources/{other['id']}/scopes/{scope['id']}"

        assert api.patch(path, json={"name": "x"}).status_code == 404
        assert api.delete(path).status_code == 404

    def test_of_no_resource(self, api: httpx.Client) -> None:
        answer = api.post("/api/resources/nothing/scopes", json={"name": "read"})

        assert refusal(answer) == (404, "entity.not_exists_with_id")


class TestManagementApi:
    """Nobody saws off the branch this API sits on."""

    @pytest.mark.parametrize("tenant", ["default", "admin"])
    def test_it_cannot_be_changed(self, server_on_each: Server, tenant: str) -> None:
        with management_api(server_on_each, tenant=tenant) as api:
            own = [
                one
                for one in api.get("/api/resources?includeScopes=1").json()
                if one["indicator"].endswith(".logto.app/api")
            ]
            assert own
            for resource in own:
                path = f"/api/resources/{resource['id']}"
                scope = f"{path}/scopes/{resource['scopes'][0]['id']}"
                refused = [
                    api.patch(path, json={"name": "Mine"}),
                    api.post(f"{path}/scopes", json={"name": "more"}),
                    api.patch(scope, json={"name": "less"}),
                    api.delete(scope),
                ]
                assert {refusal(answer) for answer in refused} == {
                    (400, "resource.cannot_modify_management_api")
                }
                assert refusal(api.delete(path)) == (400, "resource.cannot_delete_management_api")
