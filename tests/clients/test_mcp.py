"""npm @modelcontextprotocol/sdk finds us, makes itself known and is let in, without set-up.

Its client id metadata document is at `https://client.example/mcp`, which the server under test is
told to find on loopback (`DOORWARD_DEV_HOST_OVERRIDES`); the guard on addresses stays on.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.clients.test_node import SCRIPTS
from tests.support.bookstore import PASSWORD
from tests.support.documents import NAME, DocumentHost, document_host
from tests.support.management import management_api
from tests.support.server import Server, running_server

REDIRECT_URI = "http://127.0.0.1:3334/oauth/callback"
SCOPE = "read:books"


@dataclass(frozen=True)
class Scene:
    """A server that takes documents and registrations, an API for the MCP server, and a reader."""

    server: Server
    host: DocumentHost
    port: int
    scope_id: str

    @property
    def resource(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def run(self, *, client_metadata_url: str = "") -> dict[str, Any]:
        """Run the script and return what it saw."""
        assert (SCRIPTS / "node_modules").is_dir(), (
            "the Node clients are missing: run `make install`"
        )
        environment = {
            "ISSUER": self.server.issuer,
            "CLIENT_METADATA_URL": client_metadata_url,
            "REDIRECT_URI": REDIRECT_URI,
            "IDENTIFIER": "reader0",
            "PASSWORD": PASSWORD,
            "MCP_PORT": str(self.port),
            "RESOURCE_SCOPE": SCOPE,
        }
        result = subprocess.run(
            ["node", str(SCRIPTS / "mcp.js")],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        seen: dict[str, Any] = json.loads(result.stdout)
        return seen


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with document_host() as host:
        settings = {"DOORWARD_DEV_HOST_OVERRIDES": f"{NAME}={host.url}"}
        with running_server(
            tmp_path_factory.mktemp("mcp"), settings=settings, is_warm=True
        ) as server:
            port = free_port()
            with management_api(server) as api:
                yield Scene(server, host, port, set_up(api, f"http://127.0.0.1:{port}/mcp"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def set_up(api: httpx.Client, resource: str) -> str:
    """Make the API of the MCP server and a reader who may read; nothing about any client."""
    made = api.post("/api/resources", json={"name": "Books", "indicator": resource}).json()
    scope = api.post(f"/api/resources/{made['id']}/scopes", json={"name": SCOPE}).json()
    role = api.post(
        "/api/roles",
        json={"name": "Reader", "description": "Reads", "type": "User", "scopeIds": [scope["id"]]},
    ).json()
    user = api.post("/api/users", json={"username": "reader0", "password": PASSWORD}).json()
    api.post(f"/api/roles/{role['id']}/users", json={"userIds": [user["id"]]}).raise_for_status()
    api.patch("/api/configs/cimd", json={"enabled": True}).raise_for_status()
    api.post(
        "/api/cimd/user-consent-scopes", json={"resourceScopes": [scope["id"]]}
    ).raise_for_status()
    api.patch(
        "/api/configs/client-registration",
        json={"mode": "open", "resourceScopes": [scope["id"]]},
    ).raise_for_status()
    return str(scope["id"])


def test_by_a_client_id_metadata_document(scene: Scene) -> None:
    """CIMD, RFC 9728, RFC 8414, RFC 7636, RFC 8707 and RFC 9068, by somebody else's code."""
    client_id = scene.host.serve_client(
        "/mcp", client_name="MCP test client", redirect_uris=[REDIRECT_URI]
    )

    seen = scene.run(client_metadata_url=client_id)

    assert seen["clientId"] == client_id
    assert seen["resource"] == scene.resource
    assert NAME in seen["consent"]
    assert seen["claims"]["client_id"] == client_id
    assert seen["claims"]["aud"] == scene.resource
    assert seen["claims"]["iss"] == scene.server.issuer
    assert seen["claims"]["scope"] == SCOPE
    assert (seen["refreshed"], seen["isNewToken"]) == ("AUTHORIZED", True)


def test_by_registration(scene: Scene) -> None:
    """RFC 7591: without a document the SDK registers, and gets an application of its own."""
    seen = scene.run()

    with management_api(scene.server) as api:
        application = api.get(f"/api/applications/{seen['clientId']}").json()
    assert application["isThirdParty"] is True
    assert (application["name"], application["type"]) == ("MCP test client", "Native")
    assert seen["hasSecret"] is False
    assert seen["claims"]["client_id"] == seen["clientId"]
    assert seen["claims"]["scope"] == SCOPE
    assert (seen["refreshed"], seen["isNewToken"]) == ("AUTHORIZED", True)


def test_the_management_api_is_found_the_same_way(scene: Scene) -> None:
    """From a refusal to the authorization server, by the steps that the SDK takes."""
    refused = httpx.get(f"{scene.server.endpoint}/api/applications", timeout=20)
    address = refused.headers["www-authenticate"].partition('resource_metadata="')[2].rstrip('"')
    metadata = httpx.get(address, timeout=20).json()
    (issuer,) = metadata["authorization_servers"]
    discovered = httpx.get(
        f"{scene.server.endpoint}/.well-known/oauth-authorization-server/oidc", timeout=20
    ).json()

    assert discovered["issuer"] == issuer
    assert discovered["client_id_metadata_document_supported"] is True
    assert discovered["registration_endpoint"] == f"{issuer}/reg"
    assert metadata["resource"] == f"{scene.server.endpoint}/api"
