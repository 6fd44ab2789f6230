"""What a user of an application holds after a real sign-in does not open the management API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.bookstore import RESOURCE, SIGN_IN, Bookstore, open_bookstore
from tests.support.pages import Visitor
from tests.support.server import Server

MANAGEMENT = "https://default.logto.app/api"


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


@pytest.fixture(scope="module")
def tokens(bookstore: Bookstore) -> dict[str, Any]:
    return bookstore.sign_in(Visitor(), bookstore.native)


def refusal(bookstore: Bookstore, token: str) -> tuple[int, str]:
    answer = httpx.get(
        f"{bookstore.endpoint}/api/users", headers={"authorization": f"Bearer {token}"}, timeout=20
    )
    return answer.status_code, answer.json()["code"]


def exchange(bookstore: Bookstore, tokens: dict[str, Any], **parameters: str) -> httpx.Response:
    """Ask for an access token for a resource, with the refresh token of the sign-in."""
    return httpx.post(
        f"{bookstore.issuer}/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": tokens["refresh_token"],
            **bookstore.native.credentials,
            **parameters,
        },
        timeout=20,
    )


@pytest.mark.parametrize("kind", ["id_token", "access_token", "refresh_token"])
def test_tokens_of_a_sign_in(bookstore: Bookstore, tokens: dict[str, Any], kind: str) -> None:
    assert refusal(bookstore, tokens[kind]) == (401, "auth.unauthorized")


@pytest.mark.parametrize("resource", [MANAGEMENT, RESOURCE])
def test_tokens_for_a_resource(bookstore: Bookstore, resource: str) -> None:
    """A user has no role that grants the scope, so a token for this very API is worth nothing."""
    scope = f"{SIGN_IN} all"
    signed_in = bookstore.sign_in(Visitor(), bookstore.native, resource=resource, scope=scope)

    answer = exchange(bookstore, signed_in, resource=resource)

    assert answer.status_code == 200, answer.text
    assert "all" not in answer.json()["scope"].split()
    expected = (403, "auth.forbidden") if resource == MANAGEMENT else (401, "auth.unauthorized")
    assert refusal(bookstore, answer.json()["access_token"]) == expected
