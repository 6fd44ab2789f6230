"""RFC 9728: how a client finds out what the management API wants of it."""

from __future__ import annotations

import httpx
import pytest

from tests.support.management import client_credentials_token, management_api, management_token
from tests.support.server import Server

WELL_KNOWN = "/.well-known/oauth-protected-resource/api"


def test_the_document(server: Server) -> None:
    """Sections 2 and 3.3: `resource` is what the well-known address was made of."""
    answer = httpx.get(f"{server.endpoint}{WELL_KNOWN}", timeout=20)
    document = answer.json()

    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert document["resource"] == f"{server.endpoint}/api"
    assert document["authorization_servers"] == [server.issuer]
    assert document["scopes_supported"] == ["all"]
    assert document["bearer_methods_supported"] == ["header"]


def test_of_each_tenant(server: Server) -> None:
    """The admin tenant's API is another resource, with another authorization server."""
    document = httpx.get(f"{server.admin_endpoint}{WELL_KNOWN}", timeout=20).json()

    assert document["resource"] == f"{server.admin_endpoint}/api"
    assert document["authorization_servers"] == [f"{server.admin_endpoint}/oidc"]


def test_the_root_is_no_resource(server: Server) -> None:
    """RFC 9728 section 3.3: metadata whose `resource` is not that of the address MUST NOT be
    used."""
    answer = httpx.get(f"{server.endpoint}/.well-known/oauth-protected-resource", timeout=20)

    assert answer.status_code == 404


def test_the_authorization_server_names_it(server: Server) -> None:
    """RFC 9728 section 4."""
    metadata = httpx.get(f"{server.issuer}/.well-known/openid-configuration", timeout=20).json()

    assert metadata["protected_resources"] == [f"{server.endpoint}/api"]
    document = httpx.get(f"{server.endpoint}{WELL_KNOWN}", timeout=20).json()
    assert set(document["dpop_signing_alg_values_supported"]) == set(
        metadata["dpop_signing_alg_values_supported"]
    )


class TestChallenge:
    def test_without_a_token(self, server: Server) -> None:
        """RFC 9728 section 5.1 and RFC 6750 section 3.1: no error code, and where to learn more."""
        answer = httpx.get(f"{server.endpoint}/api/applications", timeout=20)

        assert answer.status_code == 401
        assert (
            answer.headers["www-authenticate"]
            == f'Bearer resource_metadata="{server.endpoint}{WELL_KNOWN}"'
        )

    def test_with_a_bad_token(self, server: Server) -> None:
        """RFC 6750 section 3.1."""
        answer = httpx.get(
            f"{server.endpoint}/api/applications",
            headers={"authorization": "Bearer nonsense"},
            timeout=20,
        )

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')

    def test_with_a_token_that_does_not_suffice(self, server: Server) -> None:
        """RFC 6750 section 3.1: insufficient_scope, and which scope would do."""
        token = machine_token(server, resource=f"{server.endpoint}/api", is_allowed=False)

        answer = httpx.get(
            f"{server.endpoint}/api/applications",
            headers={"authorization": f"Bearer {token}"},
            timeout=20,
        )

        assert answer.status_code == 403
        assert answer.headers["www-authenticate"].startswith(
            'Bearer error="insufficient_scope", scope="all", '
        )


class TestAddress:
    """The address of the API is another name of the resource (RFC 8707)."""

    def test_a_token_for_the_address(self, server: Server) -> None:
        token = machine_token(server, resource=f"{server.endpoint}/api", is_allowed=True)

        answer = httpx.get(
            f"{server.endpoint}/api/applications",
            headers={"authorization": f"Bearer {token}"},
            timeout=20,
        )

        assert answer.status_code == 200

    @pytest.mark.parametrize("suffix", ["/api/", "/api/applications", "/API", ""])
    def test_no_other_address(self, server: Server, suffix: str) -> None:
        with pytest.raises(httpx.HTTPStatusError) as caught:
            machine_token(server, resource=f"{server.endpoint}{suffix}", is_allowed=True)

        assert caught.value.response.json()["error"] == "invalid_target"

    def test_not_the_address_of_another_tenant(self, server: Server) -> None:
        """What the default tenant signs is not for the admin tenant's API."""
        with pytest.raises(httpx.HTTPStatusError) as caught:
            machine_token(server, resource=f"{server.admin_endpoint}/api", is_allowed=True)

        assert caught.value.response.json()["error"] == "invalid_target"
        assert management_token(server)


def machine_token(server: Server, *, resource: str, is_allowed: bool) -> str:
    with management_api(server) as api:
        machine = api.post(
            "/api/applications", json={"name": "Robot", "type": "MachineToMachine"}
        ).json()
        if is_allowed:
            roles = api.get(
                "/api/roles", params={"search.name": "Logto Management API access"}
            ).json()
            api.post(f"/api/applications/{machine['id']}/roles", json={"roleIds": [roles[0]["id"]]})
        secret = api.get(f"/api/applications/{machine['id']}/secrets").json()[0]["value"]
    return client_credentials_token(
        server.issuer, app_id=machine["id"], app_secret=secret, resource=resource
    )
