"""/api/configs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


class TestIdToken:
    """Which claims beyond the standard ones go into ID tokens."""

    def test_the_seed(self, api: httpx.Client) -> None:
        assert api.get("/api/configs/id-token").json() == {
            "enabledExtendedClaims": ["roles", "organizations", "organization_roles"]
        }

    def test_replace(self, api: httpx.Client) -> None:
        wanted = {"enabledExtendedClaims": ["custom_data"]}

        answer = api.put("/api/configs/id-token", json=wanted)

        assert (answer.status_code, answer.json()) == (200, wanted)
        assert api.get("/api/configs/id-token").json() == wanted

    @pytest.mark.parametrize("claims", ["roles", ["everything"], [None], None])
    def test_bad_input(self, api: httpx.Client, claims: Any) -> None:
        answer = api.put("/api/configs/id-token", json={"enabledExtendedClaims": claims})

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")


def test_console(api: httpx.Client) -> None:
    """What the console remembers is merged."""
    path = "/api/configs/admin-console"
    assert api.get(path).json() == {
        "signInExperienceCustomized": False,
        "organizationCreated": False,
    }

    changed = api.patch(path, json={"organizationCreated": True}).json()

    assert changed == {"signInExperienceCustomized": False, "organizationCreated": True}
    assert api.patch(path, json={}).json() == changed
    assert api.patch(path, json={"organizationCreated": 1}).status_code == 400


def test_authorization_requests(api: httpx.Client) -> None:
    """What is demanded of all authorization requests is merged."""
    path = "/api/configs/authorization-requests"
    nothing = {
        "requirePushedAuthorizationRequests": False,
        "requireSignedRequestObject": False,
    }
    assert api.get(path).json() == nothing

    changed = api.patch(path, json={"requirePushedAuthorizationRequests": True}).json()

    assert changed == nothing | {"requirePushedAuthorizationRequests": True}
    assert api.get(path).json() == changed
    assert api.patch(path, json={"requireSignedRequestObject": "yes"}).status_code == 400
    assert api.patch(path, json=nothing).json() == nothing
