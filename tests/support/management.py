"""The management API as an operator's script uses it: a token from the host, then plain HTTP."""

from __future__ import annotations

import httpx

from tests.support.server import Server


def management_token(server: Server, *, tenant: str = "default") -> str:
    """Return a short-lived access token of the management API of `tenant`."""
    return server.command("token", "--tenant", tenant).splitlines()[-1].strip()


def management_api(server: Server, *, tenant: str = "default") -> httpx.Client:
    """Return a client of the management API of `tenant`: `api.get("/api/applications")`."""
    endpoint = server.admin_endpoint if tenant == "admin" else server.endpoint
    return httpx.Client(
        base_url=endpoint,
        headers={"authorization": f"Bearer {management_token(server, tenant=tenant)}"},
        timeout=20,
        verify=False,  # nothing here speaks TLS, and loading certificates takes time
    )


def client_credentials_token(
    issuer: str, *, app_id: str, app_secret: str, resource: str, scope: str = "all"
) -> str:
    """Return an access token that a machine-to-machine application is given for `resource`."""
    answer = httpx.post(
        f"{issuer}/token",
        data={"grant_type": "client_credentials", "resource": resource, "scope": scope},
        auth=(app_id, app_secret),
        timeout=20,
    )
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token
