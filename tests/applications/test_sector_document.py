"""OpenID Connect Registration 1.0 section 5: the sector that an administrator names is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.documents import NAME, DocumentHost, document_host
from tests.support.management import management_api
from tests.support.server import running_server

URIS = ["https://one.example/callback", "https://two.example/callback"]


@pytest.fixture(scope="module")
def host() -> Iterator[DocumentHost]:
    with document_host() as host:
        yield host


@pytest.fixture(scope="module")
def api(host: DocumentHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {"DOORWARD_DEV_HOST_OVERRIDES": f"{NAME}={host.url}"}
    directory = tmp_path_factory.mktemp("sector")
    with (
        running_server(directory, settings=settings, is_warm=True) as server,
        management_api(server) as api,
    ):
        yield api


def application(uri: str) -> dict[str, Any]:
    return {
        "name": "Shop",
        "type": "Traditional",
        "oidcClientMetadata": {
            "redirectUris": URIS,
            "postLogoutRedirectUris": [],
            "subjectType": "pairwise",
            "sectorIdentifierUri": uri,
        },
    }


def test_every_redirect_uri_is_listed(api: httpx.Client, host: DocumentHost) -> None:
    answer = api.post("/api/applications", json=application(host.serve("/all", URIS)))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/some",
        "https://client.example/missing",
        "https://127.0.0.1/sector",
        "https://[::1]/sector",
        "https://2130706433/sector",
    ],
)
def test_refusals(api: httpx.Client, host: DocumentHost, uri: str) -> None:
    """One is missing, no document, or inside the operator's network."""
    host.serve("/some", URIS[:1])

    answer = api.post("/api/applications", json=application(uri))

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")
    (issue,) = answer.json()["data"]["issues"]
    assert issue["path"] == ["oidcClientMetadata", "sectorIdentifierUri"]


def test_of_a_change(api: httpx.Client, host: DocumentHost) -> None:
    """A redirect URI that comes later is looked for too."""
    made = api.post("/api/applications", json=application(host.serve("/all", URIS))).json()
    metadata = made["oidcClientMetadata"] | {"redirectUris": [*URIS, "https://three.example/"]}

    answer = api.patch(f"/api/applications/{made['id']}", json={"oidcClientMetadata": metadata})

    assert answer.status_code == 400
