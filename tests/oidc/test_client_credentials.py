"""The client_credentials grant."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from doorward.roles.store import add_application_role, find_role_by_name
from doorward.storage import config_changed
from tests.oidc.house import House, RegisteredClient


@pytest_asyncio.fixture
async def machine(house: House) -> RegisteredClient:
    """A machine that may read books, and a resource of books to write to as well."""
    machine = await house.add_client("MachineToMachine", redirect_uris=())
    ids = await house.add_resource(lifetime=600)
    await house.add_role(scope_ids=[ids["read:books"]], client=machine)
    return machine


def form(machine: RegisteredClient, **changes: Any) -> dict[str, Any]:
    usual = {
        "grant_type": "client_credentials",
        "resource": "https://books.example/api",
        "scope": "read:books",
    }
    return machine.credentials | usual | changes


class TestClientCredentials:
    async def test_token(self, house: House, machine: RegisteredClient) -> None:
        """RFC 6749 section 4.4.3 and RFC 9068 section 2.2: a JWT whose subject is the client; no
        refresh token."""
        answer = await house.token(form(machine))

        tokens = answer.json()
        assert set(tokens) == {"access_token", "expires_in", "scope", "token_type"}
        assert tokens["expires_in"] == 600
        claims = await house.verify(tokens["access_token"], typ="at+jwt")
        assert claims["sub"] == claims["client_id"] == machine.id
        assert claims["aud"] == "https://books.example/api"
        assert claims["scope"] == tokens["scope"] == "read:books"
        assert claims["iss"] == "http://localhost:3001/oidc"

    @pytest.mark.parametrize(
        ("asked", "given"),
        [
            ("", ""),
            ("write:books", ""),
            ("unknown read:books write:books read:books", "read:books"),
        ],
    )
    async def test_scopes(
        self, house: House, machine: RegisteredClient, asked: str, given: str
    ) -> None:
        """Scopes that were not asked for, or that no role grants, are not in the token."""
        answer = await house.token(form(machine, scope=asked))

        claims = await house.verify(answer.json()["access_token"], typ="at+jwt")
        assert claims["scope"] == answer.json()["scope"] == given

    async def test_no_resource(self, house: House, machine: RegisteredClient) -> None:
        """A token for nothing is refused; the default resource is something."""
        request = form(machine)
        del request["resource"]

        refused = await house.token(request)
        await house.add_resource("https://default.example/api", is_default=True)
        await house.settle()
        given = await house.token(request)

        assert refused.json()["error"] == "invalid_target"
        claims = await house.verify(given.json()["access_token"], typ="at+jwt")
        assert claims["aud"] == "https://default.example/api"

    @pytest.mark.parametrize(
        "resource",
        [
            "https://unknown.example/api",
            "https://books.example/api/",
            "x" * 3000,
            ["https://books.example/api", "https://default.logto.app/api"],
        ],
    )
    async def test_wrong_resource(
        self, house: House, machine: RegisteredClient, resource: Any
    ) -> None:
        """RFC 8707 section 2: invalid_target."""
        answer = await house.token(form(machine, resource=resource))

        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_target"

    async def test_organizations(self, house: House, machine: RegisteredClient) -> None:
        """No application is associated with an organization that does not exist."""
        answer = await house.token(form(machine, organization_id="org"))

        assert answer.status_code == 403
        assert answer.json()["error"] == "access_denied"

    @pytest.mark.parametrize("secret", [None, "", "wrong"])
    async def test_who_proves_nothing(
        self, house: House, machine: RegisteredClient, secret: str | None
    ) -> None:
        """RFC 6749 section 4.4.2: the client MUST be authenticated."""
        answer = await house.token(
            {name: value for name, value in form(machine, client_secret=secret).items() if value}
        )

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    @pytest.mark.parametrize("type_", ["SPA", "Native"])
    async def test_public_clients(self, house: House, type_: str) -> None:
        """RFC 6749 section 4.4: MUST only be used by confidential clients."""
        client = await house.add_client(type_)

        answer = await house.token(form(client))

        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")

    async def test_for_machines_only(self, house: House, web: RegisteredClient) -> None:
        """RFC 6749 sections 4.4 and 5.2: unauthorized_client."""
        answer = await house.token(form(web))

        assert answer.json()["error"] == "unauthorized_client"

    async def test_management_api(self, house: House, machine: RegisteredClient) -> None:
        """The management API is a resource like any other; the seeded role opens it."""
        request = form(machine, resource="https://default.logto.app/api", scope="all")

        before = await house.token(request)
        role = await find_role_by_name(
            house.db, tenant_id="default", name="Logto Management API access"
        )
        assert role is not None
        async with house.db.transaction("default") as tx:
            await add_application_role(
                tx, tenant_id="default", application_id=machine.id, role_id=role.id
            )
            await config_changed(tx, "default")
        await house.settle()
        after = await house.token(request)

        assert before.json()["scope"] == ""
        assert after.json()["scope"] == "all"

    async def test_audit(self, house: House, machine: RegisteredClient) -> None:
        """Each token has its entry, each refusal of a known machine too; none holds a secret."""
        await house.token(form(machine))
        await house.token(form(machine, resource="https://unknown.example"))

        success, failure = await house.audit("ExchangeTokenBy.ClientCredentials")

        assert success["result"] == "Success"
        assert success["applicationId"] == machine.id
        assert success["ip"] == "192.0.2.7"
        assert failure["result"] == "Error"
        assert failure["error"]["code"] == "oidc.invalid_target"
        assert "the-only-secret" not in f"{success}{failure}"
