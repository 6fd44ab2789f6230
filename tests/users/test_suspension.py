"""Suspending and deleting a user ends what the user has: sessions, grants, tokens."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.bookstore import Bookstore, open_bookstore
from tests.support.management import management_api
from tests.support.pages import Visitor
from tests.support.server import Server


@pytest.fixture(scope="module")
def bookstore(server_on_each: Server) -> Bookstore:
    return open_bookstore(server_on_each, users=3)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def refresh(bookstore: Bookstore, tokens: dict[str, Any]) -> httpx.Response:
    return httpx.post(
        f"{bookstore.issuer}/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": tokens["refresh_token"],
            **bookstore.native.credentials,
        },
        timeout=20,
    )


def userinfo(bookstore: Bookstore, tokens: dict[str, Any]) -> int:
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    return httpx.get(f"{bookstore.issuer}/me", headers=bearer, timeout=20).status_code


def user_id(api: httpx.Client, name: str) -> str:
    found: str = api.get(f"/api/users?search.username={name}&mode=exact").json()[0]["id"]
    return found


def test_suspension_ends_everything(
    server_on_each: Server, bookstore: Bookstore, visitor: Visitor
) -> None:
    tokens = bookstore.sign_in(visitor, bookstore.native, user=0)
    assert userinfo(bookstore, tokens) == 200

    with management_api(server_on_each) as api:
        path = f"/api/users/{user_id(api, 'reader0')}/is-suspended"
        assert api.patch(path, json={"isSuspended": True}).json()["isSuspended"] is True

        assert userinfo(bookstore, tokens) == 401
        assert refresh(bookstore, tokens).json()["error"] == "invalid_grant"

        # Lifting the suspension does not bring tokens or the session back.
        assert api.patch(path, json={"isSuspended": False}).json()["isSuspended"] is False

    assert userinfo(bookstore, tokens) == 401
    assert refresh(bookstore, tokens).json()["error"] == "invalid_grant"
    page = visitor.open(bookstore.authorization_url(bookstore.web, prompt="none", scope="openid"))
    assert "error=login_required" in page.location


def test_deletion_ends_everything(
    server_on_each: Server, bookstore: Bookstore, visitor: Visitor
) -> None:
    tokens = bookstore.sign_in(visitor, bookstore.native, user=1)

    with management_api(server_on_each) as api:
        assert api.delete(f"/api/users/{user_id(api, 'reader1')}").status_code == 204

    assert userinfo(bookstore, tokens) == 401
    assert refresh(bookstore, tokens).json()["error"] == "invalid_grant"


def test_deleting_the_application_ends_its_grants(
    server_on_each: Server, bookstore: Bookstore, visitor: Visitor
) -> None:
    tokens = bookstore.sign_in(visitor, bookstore.native, user=2)
    assert userinfo(bookstore, tokens) == 200

    with management_api(server_on_each) as api:
        assert api.delete(f"/api/applications/{bookstore.native.id}").status_code == 204

    assert userinfo(bookstore, tokens) == 401
    assert refresh(bookstore, tokens).status_code in {400, 401}
