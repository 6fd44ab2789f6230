"""samples/fastapi_api, an API that asks for access tokens."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.samples.programs import SAMPLES, running_web_app
from tests.support.bookstore import RESOURCE, Bookstore, open_bookstore
from tests.support.management import client_credentials_token
from tests.support.ports import free_port
from tests.support.server import Server


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[str]:
    port = free_port()
    with running_web_app(
        *("-m", "uvicorn", "app:app", "--port", str(port)),
        directory=SAMPLES / "fastapi_api",
        url=f"http://localhost:{port}/",
        environment={"LOGTO_ENDPOINT": server.endpoint, "API_RESOURCE": RESOURCE},
    ) as url:
        yield f"{url}api/books"


def token_of(bookstore: Bookstore, scope: str) -> dict[str, str]:
    token = client_credentials_token(
        bookstore.issuer,
        app_id=bookstore.machine.id,
        app_secret=bookstore.machine.secret,
        resource=RESOURCE,
        scope=scope,
    )
    return {"authorization": f"Bearer {token}"}


def test_answers_with_the_scope(api: str, bookstore: Bookstore) -> None:
    """A token with read:books reads books."""
    answer = httpx.get(api, headers=token_of(bookstore, "read:books"))

    assert (answer.status_code, answer.json()[0]) == (200, "The Name of the Rose")


def test_refuses_without_a_token(api: str) -> None:
    """RFC 6750 section 3: no token, no error code."""
    answer = httpx.get(api)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_refuses_without_the_scope(api: str, bookstore: Bookstore) -> None:
    """RFC 6750 section 3.1: a token that is good, but not good for this."""
    answer = httpx.post(f"{api}?title=Ulysses", headers=token_of(bookstore, "read:books"))

    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["www-authenticate"]


def test_refuses_a_changed_token(api: str, bookstore: Bookstore) -> None:
    """A token whose last characters were exchanged."""
    token = token_of(bookstore, "read:books")["authorization"]
    changed = token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")

    answer = httpx.get(api, headers={"authorization": changed})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
