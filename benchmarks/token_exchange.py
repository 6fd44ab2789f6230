"""Token exchange: a personal access token, which is good again and again, for a JWT of its user.

What comes on top of client_credentials: the token and its user are looked up, and what the user's
roles grant is read anew. Neither is kept in memory, so that taking either away counts at once.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx

from benchmarks.harness import Figure, Options, alternate, medians, ratio
from benchmarks.workbench import Workbench, workbench
from tests.support.bookstore import RESOURCE, RESOURCE_SCOPE
from tests.support.management import management_api


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        body = exchange_form(bench)
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "token_exchange": lambda: bench.post("/oidc/token", body, options).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name="token exchange / client_credentials",
            value=ratio(taken, "token_exchange", "client_credentials"),
            target=0.4,
            detail=medians(taken),
        )
    ]


def exchange_form(bench: Workbench) -> str:
    """Make an application that may exchange tokens and a token of a reader; return its request."""
    with management_api(bench.server) as api:
        resources = api.get("/api/resources").json()
        resource = next(one for one in resources if one["indicator"] == RESOURCE)
        scopes = api.get(f"/api/resources/{resource['id']}/scopes").json()
        scope_ids = [one["id"] for one in scopes if one["name"] == RESOURCE_SCOPE]
        role = _post(api, "/api/roles", name="Reader", description="Reads", scopeIds=scope_ids)
        reader = api.get("/api/users?search=reader0").json()[0]["id"]
        _post(api, f"/api/users/{reader}/roles", roleIds=[role["id"]])
        token = _post(api, f"/api/users/{reader}/personal-access-tokens", name="benchmark")
        client = _post(
            api,
            "/api/applications",
            name="Broker",
            type="Traditional",
            customClientMetadata={"allowTokenExchange": True},
        )
        secret = api.get(f"/api/applications/{client['id']}/secrets").json()[0]["value"]
    return urlencode(
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token["value"],
            "subject_token_type": "urn:logto:token-type:personal_access_token",
            "resource": RESOURCE,
            "scope": RESOURCE_SCOPE,
            "client_id": client["id"],
            "client_secret": secret,
        }
    )


def _post(api: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    created: dict[str, Any] = api.post(path, json=body).raise_for_status().json()
    return created
