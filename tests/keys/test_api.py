"""/api/configs/oidc/private-keys."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.support.management import management_api
from tests.support.server import Server

PATH = "/api/configs/oidc/private-keys"


def jwks(server: Server) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = httpx.get(f"{server.issuer}/jwks", timeout=20).json()["keys"]
    return keys


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_rotation(server_on_each: Server, api: httpx.Client) -> None:
    """A new key signs, the old one verifies until it is deleted; the JWKS follows at once."""
    (first,) = api.get(PATH).json()
    assert first == {
        "id": first["id"],
        "createdAt": first["createdAt"],
        "status": "Current",
        "signingKeyAlgorithm": "EC",
    }
    assert abs(first["createdAt"] - time.time()) < 120

    rotated = api.post(f"{PATH}/rotate", json={"signingKeyAlgorithm": "RSA"})

    newest, previous = rotated.json()
    assert rotated.status_code == 200
    assert (newest["status"], newest["signingKeyAlgorithm"]) == ("Current", "RSA")
    assert previous == first | {"status": "Previous"}
    assert {key["kid"] for key in jwks(server_on_each)} == {newest["id"], first["id"]}
    assert {key["alg"] for key in jwks(server_on_each)} == {"RS256", "ES256"}

    assert refusal(api.delete(f"{PATH}/{newest['id']}")) == (
        422,
        "oidc.only_previous_key_can_be_deleted",
    )
    assert api.delete(f"{PATH}/{first['id']}").status_code == 204
    assert [key["kid"] for key in jwks(server_on_each)] == [newest["id"]]
    assert refusal(api.delete(f"{PATH}/{newest['id']}")) == (422, "oidc.key_required")
    assert refusal(api.delete(f"{PATH}/{first['id']}")) == (404, "oidc.key_not_found")

    (back, _) = api.post(f"{PATH}/rotate", json={}).json()
    assert back["signingKeyAlgorithm"] == "EC"


def test_tenants_have_their_own(server_on_each: Server, api: httpx.Client) -> None:
    ours = {key["id"] for key in api.get(PATH).json()}

    with management_api(server_on_each, tenant="admin") as admin:
        theirs = {key["id"] for key in admin.get(PATH).json()}
        answer = admin.delete(f"{PATH}/{next(iter(ours))}")

    assert not ours & theirs
    assert refusal(answer) == (404, "oidc.key_not_found")


def test_no_private_half_is_shown(api: httpx.Client) -> None:
    assert "PRIVATE" not in api.get(PATH).text
    assert all("value" not in key for key in api.get(PATH).json())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"signingKeyAlgorithm": "HS256"}, 400, "guard.invalid_input"),
        ({"signingKeyAlgorithm": None}, 400, "guard.invalid_input"),
        ({"rotationGracePeriod": -1}, 400, "guard.invalid_input"),
        ({"rotationGracePeriod": 60}, 422, "request.feature_not_supported"),
    ],
)
def test_bad_input(api: httpx.Client, body: dict[str, Any], status: int, code: str) -> None:
    assert refusal(api.post(f"{PATH}/rotate", json=body)) == (status, code)
