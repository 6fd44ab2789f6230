"""Pairwise subjects: an application cannot turn its users into strangers (OpenID Connect Core
section 8.1)."""

from __future__ import annotations

from typing import Any

import httpx

PATH = "/api/applications"


def metadata(*uris: str, **members: Any) -> dict[str, Any]:
    return {
        "oidcClientMetadata": {
            "redirectUris": list(uris),
            "postLogoutRedirectUris": [],
            "subjectType": "pairwise",
        }
        | members
    }


def create(api: httpx.Client, **body: Any) -> httpx.Response:
    return api.post(PATH, json={"name": "Partner", "type": "Traditional"} | body)


def fault(answer: httpx.Response) -> tuple[int, list[str]]:
    (issue,) = answer.json()["data"]["issues"]
    return answer.status_code, issue["path"]


def test_several_hosts_need_a_sector(api: httpx.Client) -> None:
    """One that speaks for them is in test_sector_document.py."""
    both = ("https://a.example/callback", "https://b.example/callback")

    assert fault(create(api, **metadata(*both))) == (
        400,
        ["oidcClientMetadata", "sectorIdentifierUri"],
    )


def test_the_sector_stays(api: httpx.Client) -> None:
    """Another path of the same host is fine, another host is not; public subjects end it."""
    created = create(api, **metadata("https://a.example/callback")).json()
    path = f"{PATH}/{created['id']}"

    assert api.patch(path, json=metadata("https://a.example/other")).is_success
    refused = api.patch(path, json=metadata("https://b.example/callback"))
    assert fault(refused) == (400, ["oidcClientMetadata", "subjectType"])
    assert api.get(path).json()["oidcClientMetadata"]["redirectUris"] == ["https://a.example/other"]
    public = metadata("https://b.example/callback", subjectType="public")
    assert api.patch(path, json=public).is_success
