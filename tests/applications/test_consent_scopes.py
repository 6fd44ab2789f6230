"""/api/applications/{id}/user-consent-scopes: the most that a third party may ask for."""

from __future__ import annotations

from typing import Any

import httpx

from tests.applications.test_api import create


def third_party(api: httpx.Client) -> str:
    application: str = create(api, type="Traditional", isThirdParty=True)["id"]
    return f"/api/applications/{application}/user-consent-scopes"


def books(api: httpx.Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a resource and one scope of it."""
    body = {"name": "Books", "indicator": f"https://books.example/{api.get('/api/status').elapsed}"}
    resource = api.post("/api/resources", json=body).json()
    body = {"name": "read:books", "description": "Read your books"}
    scope = api.post(f"/api/resources/{resource['id']}/scopes", json=body).json()
    return resource, scope


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_all_of_it(api: httpx.Client) -> None:
    """Scopes are added, listed by resource, and taken away one by one."""
    path = third_party(api)
    resource, scope = books(api)
    empty = {
        "organizationScopes": [],
        "resourceScopes": [],
        "organizationResourceScopes": [],
        "userScopes": [],
    }
    assert api.get(path).json() == empty

    added = api.post(path, json={"userScopes": ["email"], "resourceScopes": [scope["id"]]})
    again = api.post(path, json={"userScopes": ["email", "profile"]})

    assert (added.status_code, again.status_code) == (201, 201)
    assert added.text == "Created"
    assert api.get(path).json() == empty | {
        "userScopes": ["email", "profile"],
        "resourceScopes": [
            {
                "resource": {
                    "id": resource["id"],
                    "name": "Books",
                    "indicator": resource["indicator"],
                },
                "scopes": [
                    {"id": scope["id"], "name": "read:books", "description": "Read your books"}
                ],
            }
        ],
    }

    assert api.delete(f"{path}/user-scopes/email").status_code == 204
    assert api.delete(f"{path}/resource-scopes/{scope['id']}").status_code == 204
    assert api.get(path).json() == empty | {"userScopes": ["profile"]}
    gone = api.delete(f"{path}/user-scopes/email")
    assert refusal(gone) == (404, "entity.not_found")


def test_refusals(api: httpx.Client) -> None:
    """What does not exist, what belongs to organizations, and the keys of the house."""
    path = third_party(api)
    own = create(api, type="Traditional")["id"]

    def post(body: dict[str, Any]) -> tuple[int, str]:
        return refusal(api.post(path, json=body))

    assert post({"resourceScopes": ["nothing"]}) == (
        422,
        "application.user_consent_scopes_not_found",
    )
    answer = api.post(path, json={"organizationScopes": ["x"], "resourceScopes": ["y"]})
    assert answer.json()["data"] == {
        "invalidOrganizationScopes": ["x"],
        "invalidResourceScopes": ["y"],
    }
    assert post({"organizationResourceScopes": ["x"]}) == (422, "request.feature_not_supported")
    assert post({"userScopes": ["urn:logto:scope:organizations"]}) == (
        422,
        "request.feature_not_supported",
    )
    assert post({"userScopes": ["openid"]}) == (400, "guard.invalid_input")
    assert refusal(api.get(f"/api/applications/{own}/user-consent-scopes")) == (
        422,
        "application.third_party_application_only",
    )
    assert api.get("/api/applications/nothing/user-consent-scopes").status_code == 404
    assert refusal(api.delete(f"{path}/organization-scopes/x")) == (404, "entity.not_found")
    assert api.delete(f"{path}/odd-scopes/x").status_code == 400
    assert api.get(path).json()["userScopes"] == []


def test_the_management_api(api: httpx.Client) -> None:
    """No consent gives a third party the keys of the tenant."""
    (management,) = [
        resource
        for resource in api.get("/api/resources?includeScopes=true").json()
        if resource["indicator"] == "https://default.logto.app/api"
    ]

    answer = api.post(third_party(api), json={"resourceScopes": [management["scopes"][0]["id"]]})

    assert refusal(answer) == (422, "application.consent_management_api_scopes_not_allowed")


def test_a_deleted_scope(api: httpx.Client) -> None:
    """A scope that is gone is gone from every ceiling."""
    path = third_party(api)
    resource, scope = books(api)
    api.post(path, json={"resourceScopes": [scope["id"]]})

    api.delete(f"/api/resources/{resource['id']}/scopes/{scope['id']}")

    assert api.get(path).json()["resourceScopes"] == []
