"""API resources, permissions and roles in the console, by its forms."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.support.pages import Page
from tests.support.server import Server

Open = Callable[[str], Page]


class TestAuthorization:
    def test_machine_reaches_the_management_api(
        self, server_on_each: Server, console: Open, api: httpx.Client
    ) -> None:
        """Given the seeded role in the console, a machine may call the management API."""
        made = console("/applications/new/machine").submit({"name": "Script"})
        application_id = re.findall(r"/applications/([a-z0-9]{21})", made.url)[0]
        (secret,) = api.get(f"/api/applications/{application_id}/secrets").json()
        role = next(
            r for r in api.get("/api/roles").json() if r["name"] == "Logto Management API access"
        )
        console(f"/roles/{role['id']}").submit({"assignee_id": application_id})

        answer = httpx.post(
            f"{server_on_each.issuer}/token",
            auth=(application_id, secret["value"]),
            data={
                "grant_type": "client_credentials",
                "resource": "https://default.logto.app/api",
                "scope": "all",
            },
        )

        assert answer.json()["scope"] == "all"

    def test_opaque_tokens(self, console: Open, api: httpx.Client) -> None:
        """The switch of an API resource, on and off; the other settings stay."""
        page = console("/api-resources").submit(
            {"name": "Vault", "indicator": "https://vault.example/api"}
        )
        resource_id = page.path.rpartition("/")[2]

        page = page.submit({"is_opaque": "on"}, button="Save changes")
        shown = api.get(f"/api/resources/{resource_id}").json()
        assert (shown["accessTokenFormat"], shown["accessTokenTtl"]) == ("opaque", 3600)
        page.submit({"is_opaque": None}, button="Save changes")
        shown = api.get(f"/api/resources/{resource_id}").json()
        assert shown["accessTokenFormat"] == "jwt"

    def test_what_an_api_demands_of_sign_ins(self, console: Open, api: httpx.Client) -> None:
        """Only what somebody can reach is offered; empty again, and nothing is demanded."""
        page = console("/api-resources").submit(
            {"name": "Safe", "indicator": "https://safe.example/api"}
        )
        path = f"/api/resources/{page.path.rpartition('/')[2]}"

        wrong = page.submit({"max_authentication_age": "0"}, button="Save changes")
        page = page.submit(
            {"required_acr": "urn:doorward:acr:password", "max_authentication_age": "300"},
            button="Save changes",
        )
        shown = api.get(path).json()
        page.submit({"required_acr": "", "max_authentication_age": ""}, button="Save changes")
        emptied = api.get(path).json()

        assert wrong.status == 422
        assert "Hardware key" not in page.response.text
        assert (shown["requiredAcr"], shown["maxAuthenticationAge"]) == (
            "urn:doorward:acr:password",
            300,
        )
        assert (emptied["requiredAcr"], emptied["maxAuthenticationAge"]) == (None, None)

    def test_resource_and_role(self, console: Open, api: httpx.Client) -> None:
        """An API with a permission, a role that has it, a user who has the role; and all undone."""
        # 1. The API and its permission.
        page = console("/api-resources").submit(
            {"name": "Books", "indicator": "https://books.example/api"}
        )
        resource_id = page.path.rpartition("/")[2]
        page = page.submit({"name": "read:books", "description": ""}, button="Add permission")
        (scope,) = api.get(f"/api/resources/{resource_id}/scopes").json()
        assert scope["name"] == "read:books"

        # 2. A role that has it.
        role = console("/roles").submit(
            {"name": "Reader", "description": "May read", "type": "User"}
        )
        role_id = role.path.rpartition("/")[2]
        console(f"/roles/{role_id}").submit({"scope_ids": scope["id"]})
        assert [s["id"] for s in api.get(f"/api/roles/{role_id}/scopes").json()] == [scope["id"]]

        # 3. A user who has the role.
        user_id = api.post("/api/users", json={"username": "reader_1"}).json()["id"]
        page = console(f"/roles/{role_id}").submit({"assignee_id": user_id})
        assert [r["id"] for r in api.get(f"/api/users/{user_id}/roles").json()] == [role_id]
        assert "Reader May read User 1 1" in console("/roles").text

        # 4. Undone.
        page.submit(button="Remove")
        assert api.get(f"/api/users/{user_id}/roles").json() == []
        console(f"/roles/{role_id}").submit({"scope_ids": None}, button="Save permissions")
        assert api.get(f"/api/roles/{role_id}/scopes").json() == []
        console(f"/api-resources/{resource_id}").submit(button="Delete API resource")
        assert api.get(f"/api/resources/{resource_id}").status_code == 404
        console(f"/roles/{role_id}").submit(button="Delete role")
        assert api.get(f"/api/roles/{role_id}").status_code == 404

    def test_refusals(self, console: Open) -> None:
        """A malformed identifier, one in use, a permission with a space: beside the field."""
        page = console("/api-resources").submit({"name": "X", "indicator": "no address"})
        assert "An absolute address" in page.text
        taken = "https://default.logto.app/api"
        page = console("/api-resources").submit({"name": "X", "indicator": taken})
        assert "There is an API with this identifier already." in page.text

    def test_management_api_is_not_for_users(self, console: Open, api: httpx.Client) -> None:
        """A user's role is never offered the management API's permission, nor given it."""
        page = console("/roles").submit({"name": "Sneaky", "description": "x", "type": "User"})
        role_id = page.path.rpartition("/")[2]
        assert "default.logto.app" not in page.text
        resource = next(
            r for r in api.get("/api/resources").json() if "logto.app" in r["indicator"]
        )
        (scope,) = api.get(f"/api/resources/{resource['id']}/scopes").json()

        token = dict(page.form(button="Sign out").values)["csrf"]
        answer = page.visitor.client.post(
            f"{page.url}/scopes", data={"csrf": token, "scope_ids": scope["id"]}
        )

        assert answer.status_code == 400
        assert api.get(f"/api/roles/{role_id}/scopes").json() == []
        api.delete(f"/api/roles/{role_id}")

    def test_built_in_resource(self, console: Open, api: httpx.Client) -> None:
        """The management API can be neither changed nor deleted."""
        resource = next(
            r for r in api.get("/api/resources").json() if "logto.app" in r["indicator"]
        )
        page = console(f"/api-resources/{resource['id']}")
        assert "Delete API resource" not in page.text
        token = dict(page.form(button="Sign out").values)["csrf"]

        answer = page.visitor.client.post(f"{page.url}/delete", data={"csrf": token})

        assert answer.status_code == 400
        assert api.get(f"/api/resources/{resource['id']}").status_code == 200


class TestSearch:
    def test_resources(self, console: Open, api: httpx.Client) -> None:
        """By name or identifier, in any case; a wildcard is a letter; nothing found says so."""
        for name in ("Orchard", "Vineyard"):
            body = {"name": name, "indicator": f"https://{name.lower()}.example"}
            api.post("/api/resources", json=body).raise_for_status()

        by_name = console("/api-resources?q=ORCH").text
        by_indicator = console("/api-resources?q=vineyard.ex").text

        assert ("Orchard" in by_name, "Vineyard" in by_name) == (True, False)
        assert ("Orchard" in by_indicator, "Vineyard" in by_indicator) == (False, True)
        assert "Nothing found" in console("/api-resources?q=%25").text
        for resource in api.get("/api/resources").json():
            if resource["name"] in {"Orchard", "Vineyard"}:
                api.delete(f"/api/resources/{resource['id']}")

    def test_roles(self, console: Open, api: httpx.Client) -> None:
        """By name or description."""
        body = {"name": "Gardener", "description": "Waters plants"}
        role = api.post("/api/roles", json=body).json()

        assert "Gardener" in console("/roles?q=waters").text
        assert "Nothing found" in console("/roles?q=zzz").text
        api.delete(f"/api/roles/{role['id']}")

    def test_delete_from_the_list(self, console: Open, api: httpx.Client) -> None:
        """The row's menu asks and deletes; the management API's own resource has no such entry."""
        body = {"name": "Wasteland", "indicator": "https://wasteland.example"}
        made = api.post("/api/resources", json=body).json()

        page = console("/api-resources?q=Wasteland").submit(button="Delete API resource")

        assert "Wasteland deleted." in page.text
        assert api.get(f"/api/resources/{made['id']}").status_code == 404
        assert "Delete API resource" not in console("/api-resources?q=default.logto").text
