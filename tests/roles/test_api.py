"""/api/roles and the scopes they grant."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

_numbers = itertools.count()


def create(api: httpx.Client, **members: Any) -> dict[str, Any]:
    body = {"name": f"Role {next(_numbers)}", "description": "Reads books"} | members
    answer = api.post("/api/roles", json=body)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


def make_scope(api: httpx.Client) -> dict[str, Any]:
    indicator = f"https://books{next(_numbers)}.example"
    resource = api.post("/api/resources", json={"name": "B", "indicator": indicator}).json()
    path = f"/api/resources/{resource['id']}/scopes"
    scope: dict[str, Any] = api.post(path, json={"name": "read"}).json()
    return scope


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestRoles:
    """Making, changing and deleting roles."""

    def test_create(self, api: httpx.Client) -> None:
        created = create(api, name="Reader", isDefault=True)

        assert created == {
            "tenantId": "default",
            "id": created["id"],
            "name": "Reader",
            "description": "Reads books",
            "type": "User",
            "isDefault": True,
        }
        assert api.get(f"/api/roles/{created['id']}").json() == created
        api.delete(f"/api/roles/{created['id']}")

    def test_create_with_scopes(self, api: httpx.Client) -> None:
        scope = make_scope(api)

        role = create(api, type="MachineToMachine", scopeIds=[scope["id"]])

        granted = api.get(f"/api/roles/{role['id']}/scopes").json()
        resource = api.get(f"/api/resources/{scope['resourceId']}").json()
        assert granted == [scope | {"resource": resource}]

    @pytest.mark.parametrize(
        "members",
        [
            {"name": ""},
            {"name": "x" * 129},
            {"description": ""},
            {"description": None},
            {"type": "Robot"},
            {"isDefault": 1},
            {"scopeIds": "all"},
            {"scopeIds": [""]},
        ],
        ids=repr,
    )
    def test_bad_input(self, api: httpx.Client, members: dict[str, Any]) -> None:
        answer = api.post("/api/roles", json={"name": "A", "description": "B"} | members)

        assert refusal(answer) == (400, "guard.invalid_input")

    def test_names(self, api: httpx.Client) -> None:
        taken, other = create(api, name="Taken"), create(api)
        path = f"/api/roles/{other['id']}"

        again = api.post("/api/roles", json={"name": "Taken", "description": "d"})
        internal = api.post("/api/roles", json={"name": "#internal:mine", "description": "d"})

        assert refusal(again) == (422, "role.name_in_use")
        assert again.json()["message"] == "There is a role called Taken already."
        assert refusal(api.patch(path, json={"name": "Taken"})) == (422, "role.name_in_use")
        assert refusal(internal) == (403, "role.internal_role_violation")
        renamed = api.patch(path, json={"name": "#internal:mine"})
        assert refusal(renamed) == (403, "role.internal_role_violation")
        same = api.patch(f"/api/roles/{taken['id']}", json={"name": "Taken"})
        assert same.status_code == 200

    def test_update(self, api: httpx.Client) -> None:
        created = create(api)

        changed = api.patch(
            f"/api/roles/{created['id']}",
            json={"description": "New", "isDefault": True, "type": "MachineToMachine"},
        ).json()

        assert changed == created | {"description": "New", "isDefault": True}
        api.patch(f"/api/roles/{created['id']}", json={"isDefault": False})

    def test_delete(self, api: httpx.Client) -> None:
        path = f"/api/roles/{create(api)['id']}"

        assert api.delete(path).status_code == 204
        assert refusal(api.delete(path)) == (404, "entity.not_found")
        assert refusal(api.get(path)) == (404, "entity.not_exists_with_id")

    def test_unknown_scope_makes_no_role(self, api: httpx.Client) -> None:
        body = {"name": "Half", "description": "d", "scopeIds": ["nothing"]}

        assert api.post("/api/roles", json=body).status_code == 404
        assert api.get("/api/roles?search.name=Half").json() == []


class TestInternalRoles:
    """Roles of the product itself are not shown and not touched."""

    def test_not_listed(self, api: httpx.Client) -> None:
        names = [role["name"] for role in api.get("/api/roles?page_size=100").json()]

        assert "Logto Management API access" in names
        assert not [name for name in names if name.startswith("#internal:")]

    def test_untouchable(self, api: httpx.Client) -> None:
        path = "/api/roles/admin-role"
        user = api.post("/api/users", json={"username": "intruder"}).json()

        refused = [
            api.patch(path, json={"description": "x"}),
            api.delete(path),
            api.post(f"{path}/scopes", json={"scopeIds": [make_scope(api)["id"]]}),
            api.delete(f"{path}/scopes/management-api-all"),
            api.post(f"{path}/users", json={"userIds": [user["id"]]}),
            api.post(f"{path}/applications", json={"applicationIds": ["a"]}),
            api.post(f"/api/users/{user['id']}/roles", json={"roleIds": ["admin-role"]}),
            api.put(f"/api/users/{user['id']}/roles", json={"roleIds": ["admin-role"]}),
        ]

        assert {refusal(answer) for answer in refused} == {(403, "role.internal_role_violation")}


class TestScopes:
    """What a role grants."""

    def test_grant_and_take(self, api: httpx.Client) -> None:
        path, scope = f"/api/roles/{create(api)['id']}/scopes", make_scope(api)

        granted = api.post(path, json={"scopeIds": [scope["id"]]})
        again = api.post(path, json={"scopeIds": [scope["id"]]})
        listed = api.get(f"{path}?search.name=re%25")

        assert (granted.status_code, granted.json()) == (201, [scope])
        assert refusal(again) == (422, "role.scope_exists")
        assert [one["id"] for one in listed.json()] == [scope["id"]]
        assert listed.headers["total-number"] == "1"
        assert api.delete(f"{path}/{scope['id']}").status_code == 204
        assert refusal(api.delete(f"{path}/{scope['id']}")) == (404, "entity.not_found")

    def test_users_never_get_the_management_api(self, api: httpx.Client) -> None:
        """Else every application that a user signs in to could administer the tenant."""
        ids = {"scopeIds": ["management-api-all"]}
        code = "role.management_api_scopes_not_assignable_to_user_role"
        role = create(api)

        added = api.post(f"/api/roles/{role['id']}/scopes", json=ids)
        made = api.post("/api/roles", json={"name": "Boss", "description": "d"} | ids)

        assert refusal(added) == (400, code)
        assert refusal(made) == (400, code)
        assert api.get("/api/roles?search.name=Boss").json() == []

    def test_machines_may(self, api: httpx.Client) -> None:
        role = create(api, type="MachineToMachine", scopeIds=["management-api-all"])

        granted = api.get(f"/api/roles/{role['id']}/scopes").json()

        assert [scope["name"] for scope in granted] == ["all"]

    def test_deleted_scope_is_granted_no_longer(self, api: httpx.Client) -> None:
        scope = make_scope(api)
        role = create(api, scopeIds=[scope["id"]])

        api.delete(f"/api/resources/{scope['resourceId']}")

        assert api.get(f"/api/roles/{role['id']}/scopes").json() == []

    @pytest.mark.parametrize("body", [{}, {"scopeIds": []}, {"scopeIds": [5]}])
    def test_bad_input(self, api: httpx.Client, body: dict[str, Any]) -> None:
        answer = api.post(f"/api/roles/{create(api)['id']}/scopes", json=body)

        assert refusal(answer) == (400, "guard.invalid_input")


class TestList:
    """GET /api/roles."""

    def test_who_has_it(self, api: httpx.Client) -> None:
        role = create(api, name="Popular")
        users = [
            api.post("/api/users", json={"username": f"fan{n}", "name": f"Fan {n}"}).json()
            for n in range(4)
        ]
        ids = [user["id"] for user in users]
        api.post(f"/api/roles/{role['id']}/users", json={"userIds": ids})

        (listed,) = api.get("/api/roles?search.name=Popular").json()

        assert listed | {"featuredUsers": []} == role | {
            "usersCount": 4,
            "featuredUsers": [],
            "applicationsCount": 0,
            "featuredApplications": [],
        }
        assert len(listed["featuredUsers"]) == 3
        assert all(
            user in [{"id": u["id"], "avatar": None, "name": u["name"]} for u in users]
            for user in listed["featuredUsers"]
        )

    def test_which_machines_have_it(self, api: httpx.Client) -> None:
        role = create(api, type="MachineToMachine")
        machine = api.post(
            "/api/applications", json={"name": "Robot", "type": "MachineToMachine"}
        ).json()
        api.post(f"/api/applications/{machine['id']}/roles", json={"roleIds": [role["id"]]})

        (listed,) = api.get(f"/api/roles?search.id={role['id']}").json()

        assert listed["applicationsCount"] == 1
        assert listed["featuredApplications"] == [
            {"id": machine["id"], "name": "Robot", "type": "MachineToMachine"}
        ]

    def test_filters(self, api: httpx.Client) -> None:
        role, other = create(api), create(api, type="MachineToMachine")
        user = api.post("/api/users", json={"username": f"f{next(_numbers)}"}).json()
        api.post(f"/api/users/{user['id']}/roles", json={"roleIds": [role["id"]]})

        def ids(query: str) -> set[str]:
            return {one["id"] for one in api.get(f"/api/roles?page_size=100&{query}").json()}

        assert role["id"] in ids("type=User")
        assert other["id"] not in ids("type=User")
        assert other["id"] in ids("type=MachineToMachine")
        assert role["id"] not in ids(f"excludeUserId={user['id']}")
        assert other["id"] in ids(f"excludeUserId={user['id']}")
        assert refusal(api.get("/api/roles?type=Robot")) == (400, "guard.invalid_input")
