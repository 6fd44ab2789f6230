"""The code of guides, copied from the page, started as it stands, signed in to and out of.

A guide names fixed ports, so each application is moved to a free one, in its code and in the
console alike.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.samples.programs import running_web_app
from tests.support.pages import Page, Visitor
from tests.support.ports import free_port
from tests.support.server import Server

READER = ("reader", "Green-Meadow-42-calm")
CASES = {
    "flask": ("app.py", ("-m", "flask", "--app", "app", "run", "--port"), "localhost:3000"),
    "fastapi": ("main.py", ("-m", "uvicorn", "main:app", "--port"), "localhost:8000"),
}


def code_of(page: Page, name: str) -> str:
    """Return the code of the block that is called `name`."""
    match = re.search(
        rf"<figcaption><span>{re.escape(name)}</span>.*?<code[^>]*>(.*?)</code>",
        page.response.text,
        re.DOTALL,
    )
    assert match, f"no code called {name}\n{page.text}"
    return html.unescape(match[1])


@pytest.mark.parametrize("framework", CASES)
def test_guide_runs(
    server_on_each: Server,
    console: Callable[[str], Page],
    api: httpx.Client,
    tmp_path: Path,
    framework: str,
) -> None:
    """Who copies the guide's code and saves its addresses has an application with sign-in."""
    name, command, place = CASES[framework]
    moved = f"localhost:{free_port()}"
    page = console(f"/applications/new/{framework}").submit({"name": "Bookstore"})
    (tmp_path / name).write_text(code_of(page, name).replace(place, moved))
    for field in ("redirect_uris", "post_logout_redirect_uris"):
        shown = next(value for key, value in page.form(holding=field).values if key == field)
        page = page.submit({field: shown.replace(place, moved)})
    home = f"http://{moved}/"

    make_reader(api)
    with (
        running_web_app(
            *command, moved.rpartition(":")[2], directory=tmp_path, url=home, environment={}
        ),
        Visitor(home.rstrip("/"), server_on_each.endpoint) as reader,
    ):
        identifier, password = READER
        page = reader.open(f"{home}sign-in")
        page = page.submit({"identifier": identifier, "password": password})
        user_id = user_of(api)
        assert user_id in reader.open(home).response.text

        page = reader.open(f"{home}sign-out")
        if page.forms:
            page = page.submit(button="Sign out")
        assert page.url == home
        assert user_id not in reader.open(home).response.text
        assert reader.open(f"{home}sign-in").path == "/sign-in"


def make_reader(api: httpx.Client) -> None:
    body = {"username": READER[0], "password": READER[1]}
    assert api.post("/api/users", json=body).status_code in {200, 422}


def user_of(api: httpx.Client) -> str:
    users: list[dict[str, str]] = api.get(
        "/api/users", params={"search.username": READER[0]}
    ).json()
    return users[0]["id"]


def test_machine_guide(server_on_each: Server, console: Callable[[str], Page]) -> None:
    """The token request of the machine's guide is answered with a token."""
    page = console("/applications/new/machine").submit({"name": "Nightly report"})
    token = re.search(r'auth=\("([^"]+)", "([^"]+)"\)', code_of(page, "main.py"))
    assert token

    answer = httpx.post(
        f"{server_on_each.issuer}/token",
        auth=(token[1], token[2]),
        data={
            "grant_type": "client_credentials",
            "resource": "https://default.logto.app/api",
            "scope": "all",
        },
    )

    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
