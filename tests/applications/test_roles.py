"""Roles of machines: /api/applications/{id}/roles and /api/roles/{id}/applications."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest


def create(api: httpx.Client, **members: Any) -> dict[str, Any]:
    answer = api.post("/api/applications", json={"name": "Bookstore", "type": "SPA"} | members)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


class TestRoles:
    """Roles of machines, from both ends."""

    @pytest.fixture
    def role(self, api: httpx.Client) -> dict[str, Any]:
        name = f"Machines {time.monotonic_ns()}"
        body = {"name": name, "description": "Machines", "type": "MachineToMachine"}
        created: dict[str, Any] = api.post("/api/roles", json=body).json()
        return created

    def test_give_replace_take(self, api: httpx.Client, role: dict[str, Any]) -> None:
        path = f"/api/applications/{create(api, type='MachineToMachine')['id']}/roles"
        ids = {"roleIds": [role["id"]]}

        first, again = api.post(path, json=ids), api.post(path, json=ids)
        listed = api.get(path)
        emptied, filled = api.put(path, json={"roleIds": []}), api.put(path, json=ids)
        taken, absent = api.delete(f"{path}/{role['id']}"), api.delete(f"{path}/{role['id']}")

        assert (first.status_code, first.json()) == (201, ids | {"addedRoleIds": [role["id"]]})
        assert (again.status_code, again.json()) == (201, ids | {"addedRoleIds": []})
        assert listed.json() == [role]
        assert listed.headers["total-number"] == "1"
        assert (emptied.status_code, emptied.text) == (200, "OK")
        assert (filled.status_code, filled.text) == (200, "OK")
        assert taken.status_code == 204
        assert (absent.status_code, absent.json()["code"]) == (404, "entity.not_found")

    def test_from_the_role(self, api: httpx.Client, role: dict[str, Any]) -> None:
        machine = create(api, type="MachineToMachine")
        path = f"/api/roles/{role['id']}/applications"
        ids = {"applicationIds": [machine["id"]]}

        given, again = api.post(path, json=ids), api.post(path, json=ids)
        listed = api.get(path).json()
        others = api.get(f"/api/applications?excludeRoleId={role['id']}").json()

        assert (given.status_code, given.text) == (201, "Created")
        assert given.headers["content-type"].startswith("text/plain")
        assert (again.status_code, again.json()["code"]) == (422, "role.application_exists")
        assert listed == [machine]
        assert machine["id"] not in [one["id"] for one in others]
        assert api.delete(f"{path}/{machine['id']}").status_code == 204
        assert api.delete(f"{path}/{machine['id']}").status_code == 404

    def test_wrong_types(self, api: httpx.Client, role: dict[str, Any]) -> None:
        machine, page = create(api, type="MachineToMachine"), create(api, type="SPA")
        users = api.post(
            "/api/roles", json={"name": f"U {time.monotonic_ns()}", "description": "d"}
        ).json()

        refused = {
            "page": api.post(
                f"/api/applications/{page['id']}/roles", json={"roleIds": [role["id"]]}
            ),
            "role of users": api.post(
                f"/api/applications/{machine['id']}/roles", json={"roleIds": [users["id"]]}
            ),
            "page from the role": api.post(
                f"/api/roles/{role['id']}/applications", json={"applicationIds": [page["id"]]}
            ),
            "from a role of users": api.post(
                f"/api/roles/{users['id']}/applications", json={"applicationIds": [machine["id"]]}
            ),
        }

        assert {name: (a.status_code, a.json()["code"]) for name, a in refused.items()} == {
            "page": (422, "application.invalid_type"),
            "role of users": (422, "application.invalid_role_type"),
            "page from the role": (422, "application.invalid_type"),
            "from a role of users": (422, "application.invalid_role_type"),
        }

    def test_one_unknown_and_nothing_happens(self, api: httpx.Client, role: dict[str, Any]) -> None:
        path = f"/api/applications/{create(api, type='MachineToMachine')['id']}/roles"

        answer = api.post(path, json={"roleIds": [role["id"], "nothing"]})

        assert answer.status_code == 404
        assert api.get(path).json() == []

    def test_full_access(self, api: httpx.Client) -> None:
        """`isAdmin` is the internal role, which no list shows and no other call gives."""
        path = f"/api/applications/{create(api, type='MachineToMachine')['id']}"

        api.patch(path, json={"isAdmin": True})

        assert api.get(path).json()["isAdmin"] is True
        assert api.get(f"{path}/roles").json() == []
        api.put(f"{path}/roles", json={"roleIds": []})
        assert api.get(path).json()["isAdmin"] is True
        api.patch(path, json={"isAdmin": False})
        assert api.get(path).json()["isAdmin"] is False
        answer = api.post(f"{path}/roles", json={"roleIds": ["admin-role"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "role.internal_role_violation")
