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
        "algorithm": "ES256",
        "keySet": "default",
        "activeFrom": first["createdAt"],
        "activeUntil": first["createdAt"] + 90 * 86400,
        "retiresAt": None,
    }
    assert abs(first["createdAt"] - time.time()) < 120

    rotated = api.post(f"{PATH}/rotate", json={"signingKeyAlgorithm": "RSA"})

    newest, previous = rotated.json()
    assert rotated.status_code == 200
    assert (newest["status"], newest["signingKeyAlgorithm"]) == ("Current", "RSA")
    assert previous == first | {
        "status": "Previous",
        "activeUntil": newest["activeFrom"],
        "retiresAt": newest["activeFrom"] + 25 * 3600,
    }
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
        ({"rotationGracePeriod": 10**12}, 400, "guard.invalid_input"),
        ({"rotationGracePeriod": 1.5}, 400, "guard.invalid_input"),
        ({"algorithm": "none"}, 400, "guard.invalid_input"),
        ({"keySet": "PS256"}, 404, "oidc.key_not_found"),
        ({"keySet": "x" * 9}, 400, "guard.invalid_input"),
    ],
)
def test_bad_input(api: httpx.Client, body: dict[str, Any], status: int, code: str) -> None:
    assert refusal(api.post(f"{PATH}/rotate", json=body)) == (status, code)


class TestGracePeriod:
    """Reference: rotationGracePeriod. A new key waits as Next until the deadline."""

    def test_the_next_key_waits(self, server_on_each: Server, api: httpx.Client) -> None:
        """It is published and signs nothing; without a period no second one can be made."""
        current = next(key for key in api.get(PATH).json() if key["status"] == "Current")

        answer = api.post(f"{PATH}/rotate", json={"rotationGracePeriod": 3600})

        waiting = answer.json()[0]
        assert (answer.status_code, waiting["status"]) == (200, "Next")
        assert waiting["activeFrom"] - waiting["createdAt"] == 3600
        assert waiting["id"] in {key["kid"] for key in jwks(server_on_each)}
        kept = next(key for key in api.get(PATH).json() if key["id"] == current["id"])
        assert (kept["status"], kept["activeUntil"]) == ("Current", waiting["activeFrom"])
        assert refusal(api.post(f"{PATH}/rotate", json={})) == (422, "oidc.invalid_request")
        assert refusal(api.delete(f"{PATH}/{waiting['id']}")) == (
            422,
            "oidc.only_previous_key_can_be_deleted",
        )

        # Another deadline replaces the key that waits; at the deadline it signs.
        api.post(f"{PATH}/rotate", json={"rotationGracePeriod": 1})
        time.sleep(1.5)
        keys = {key["id"]: key["status"] for key in api.get(PATH).json()}
        assert waiting["id"] not in keys
        assert keys[current["id"]] == "Previous"
        assert sorted(keys.values()).count("Next") == 0


class TestPolicy:
    PATH = "/api/configs/oidc/key-rotation"

    def test_how_often_keys_change(self, api: httpx.Client) -> None:
        """Every 90 days unless it is said otherwise; 0 for never."""
        assert api.get(self.PATH).json() == {"rotationPeriodInDays": 90, "algorithms": []}

        changed = api.put(self.PATH, json={"rotationPeriodInDays": 30, "algorithms": ["RS256"]})

        assert changed.json() == {"rotationPeriodInDays": 30, "algorithms": ["RS256"]}
        assert api.get(self.PATH).json() == changed.json()
        current = [key for key in api.get(PATH).json() if key["status"] == "Current"]
        assert [key["keySet"] for key in current] == ["default", "RS256"]
        for key in current:
            assert key["activeUntil"] - key["activeFrom"] == 30 * 86400
        api.put(self.PATH, json={"rotationPeriodInDays": 0})
        assert {k["activeUntil"] for k in api.get(PATH).json() if k["status"] == "Current"} == {
            None
        }

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"rotationPeriodInDays": -1},
            {"rotationPeriodInDays": 3651},
            {"rotationPeriodInDays": 90, "algorithms": ["HS256"]},
            {"rotationPeriodInDays": 90, "algorithms": ["none"]},
        ],
    )
    def test_bad_input(self, api: httpx.Client, body: dict[str, Any]) -> None:
        assert refusal(api.put(self.PATH, json=body)) == (400, "guard.invalid_input")
