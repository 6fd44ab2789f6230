"""OpenID Connect Registration 1.0 section 5: the sector that an administrator names is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from doorward.applications.sector_document import SectorError, check_sector_document
from doorward.kit.http_client import HttpClient
from tests.support.documents import NAME, DocumentHost, document_host
from tests.support.doorbell import LOOPBACK_SPELLINGS, doorbell
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


def refuse(api: httpx.Client, uri: str) -> None:
    answer = api.post("/api/applications", json=application(uri))

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")
    (issue,) = answer.json()["data"]["issues"]
    assert issue["path"] == ["oidcClientMetadata", "sectorIdentifierUri"]


@pytest.mark.parametrize("path", ["/some", "/missing"])
def test_refusals(api: httpx.Client, host: DocumentHost, path: str) -> None:
    """One is missing, or no document."""
    host.serve("/some", URIS[:1])

    refuse(api, f"https://{NAME}{path}")


@pytest.mark.parametrize("spelling", LOOPBACK_SPELLINGS)
def test_what_leads_inside(api: httpx.Client, spelling: str) -> None:
    """CWE-918: a server of the operator's own, which is there, is not called."""
    with doorbell() as bell:
        refuse(api, f"https://{spelling}:{bell.port}/sector")

        assert not bell.rang()


def test_a_redirect_is_not_followed(api: httpx.Client, host: DocumentHost) -> None:
    """Not even to a document that would do."""
    host.serve("/there", URIS)
    moved = host.serve("/moved", b"", status=302, location="/there")

    refuse(api, moved)

    assert host.asked[-1] == "/moved"


async def test_a_name_that_leads_inside() -> None:
    """DNS rebinding: public when asked first, loopback when dialled; one answer decides."""
    answers = [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    http = HttpClient(resolve=resolve)
    with doorbell() as bell:
        for _ in range(2):
            with pytest.raises(SectorError):
                await check_sector_document(
                    http,
                    sector_identifier_uri=f"https://rebinding.example:{bell.port}/sector",
                    redirect_uris=URIS,
                )

        assert not bell.rang()
    assert answers == []


def test_of_a_change(api: httpx.Client, host: DocumentHost) -> None:
    """A redirect URI that comes later is looked for too."""
    made = api.post("/api/applications", json=application(host.serve("/all", URIS))).json()
    metadata = made["oidcClientMetadata"] | {"redirectUris": [*URIS, "https://three.example/"]}

    answer = api.patch(f"/api/applications/{made['id']}", json={"oidcClientMetadata": metadata})

    assert answer.status_code == 400
