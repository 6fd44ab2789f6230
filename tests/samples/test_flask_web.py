"""samples/flask_web, the tutorial's application, walked with either package below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.samples.programs import SAMPLES, running_web_app
from tests.sdk.contract import Package
from tests.support.management import management_api
from tests.support.pages import Page, Visitor
from tests.support.ports import free_port
from tests.support.server import Server

PASSWORD = "correct-horse-battery-7"


@dataclass(frozen=True)
class Bookstore:
    """The running sample, and the server it signs in with."""

    url: str
    server: Server

    def visitor(self) -> Visitor:
        """A browser that goes to and fro between the two."""
        return Visitor(self.url.rstrip("/"), self.server.endpoint)

    def sign_in(self, visitor: Visitor, username: str) -> Page:
        page = visitor.open(self.url).follow("Sign in")
        return page.submit({"identifier": username, "password": PASSWORD})


@pytest.fixture(scope="module", params=list(Package))
def bookstore(request: pytest.FixtureRequest, server: Server) -> Iterator[Bookstore]:
    port = free_port()
    url = f"http://localhost:{port}/"
    with management_api(server) as api:
        application = api.post(
            "/api/applications",
            json={
                "name": "Bookstore",
                "type": "Traditional",
                "oidcClientMetadata": {
                    "redirectUris": [f"{url}callback"],
                    "postLogoutRedirectUris": [url],
                },
            },
        ).json()
        secrets = api.get(f"/api/applications/{application['id']}/secrets").json()
        api.post("/api/users", json={"username": f"ada_{port}", "password": PASSWORD})
    environment = request.param.environment | {
        "LOGTO_ENDPOINT": f"{server.endpoint}/",
        "LOGTO_APP_ID": application["id"],
        "LOGTO_APP_SECRET": secrets[0]["value"],
        "PORT": str(port),
    }
    directory = SAMPLES / "flask_web"
    with running_web_app("app.py", directory=directory, url=url, environment=environment):
        yield Bookstore(url, server)


@pytest.fixture
def username(bookstore: Bookstore) -> str:
    """The user that was made beforehand."""
    return f"ada_{bookstore.url.rsplit(':', 1)[1].strip('/')}"


def test_is_under_a_hundred_lines() -> None:
    """A tutorial's application is read from top to bottom."""
    assert len((SAMPLES / "flask_web" / "app.py").read_text().splitlines()) < 100


def test_signs_in_and_out_and_in_again(bookstore: Bookstore, username: str) -> None:
    """Signing out ends both sessions: the next sign-in asks for the password."""
    with bookstore.visitor() as visitor:
        assert "Not authenticated" in visitor.open(bookstore.url).text

        page = bookstore.sign_in(visitor, username)

        assert page.url == bookstore.url
        assert f"{username} Authenticated" in page.text

        page = page.follow("Sign out")
        page = page.submit() if page.forms else page

        assert page.url == bookstore.url
        assert "Not authenticated" in page.text
        assert f"{username} Authenticated" in bookstore.sign_in(visitor, username).text


def test_creates_an_account(bookstore: Bookstore, username: str) -> None:
    """/sign-up begins on the page that creates accounts."""
    with bookstore.visitor() as visitor:
        page = visitor.open(bookstore.url).follow("Create account")
        assert page.path == "/register"
        page = page.submit({"username": f"new_{username}", "password": PASSWORD})

        assert f"new_{username} Authenticated" in page.text


def test_session_fits_in_one_cookie(bookstore: Bookstore, username: str) -> None:
    """Browsers drop a cookie of more than 4096 bytes; this one leaves room for access tokens."""
    with bookstore.visitor() as visitor:
        bookstore.sign_in(visitor, username)

        sizes = [len(f"{c.name}={c.value}") for c in visitor.cookies if c.name == "session"]

    assert len(sizes) == 1
    assert 500 < sizes[0] < 2048


def test_callback_out_of_nowhere(bookstore: Bookstore) -> None:
    """An answer that was not asked for ends on a page with a way back."""
    with bookstore.visitor() as visitor:
        page = visitor.open(f"{bookstore.url}callback?code=stolen&state=guessed")

        assert page.status == 400
        assert "That did not work" in page.text
        assert "Not authenticated" in page.follow("Back").text
