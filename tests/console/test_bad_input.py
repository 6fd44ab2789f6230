"""Every form of the console, sent malformed: refused or shown again, never an error of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.console.conftest import add_discord
from tests.support.pages import Page, Visitor
from tests.support.server import Server

FIELDS = [
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "mode",
    "unused_client_days",
    "uses",
    "period",
    "session_id",
    "grant_id",
    "name",
    "description",
    "type",
    "username",
    "password",
    "primary_email",
    "primary_phone",
    "avatar",
    "indicator",
    "scope_id",
    "scope_ids",
    "assignee_id",
    "target",
    "expires_in_days",
    "redirect_uris",
    "post_logout_redirect_uris",
    "save",
    "act",
    "cors_allowed_origins",
    "refresh_token_ttl_in_days",
    "access_token_ttl",
    "connector_id",
    "clientId",
    "clientSecret",
    "scope",
    "social_targets",
    "sign_in_mode",
    "sign_up_identifier",
    "sign_in_identifiers",
    "tab",
    "primary_color",
    "dark_primary_color",
    "fallback_language",
    "custom_css",
    "preview_theme",
    "theme",
]
VALUES = [
    "%00",
    "%ED%A0%80",
    "%FF%FE",
    "%F0%9F%9A%AA",
    quote("'; drop table users; --"),
    quote("<script>alert(1)</script>"),
    "9" * 5000,
    "-1",
    "1e9",
    "%0D%0A",
    "x" * 6_000,
    quote("https://["),
    quote("{{7*7}}"),
]


@pytest.fixture
def routes(
    server_on_each: Server, console: Callable[[str], Page], api: httpx.Client
) -> Iterator[list[str]]:
    """Every address that takes a form, with unknown ids and with those of things that are there."""
    connector = add_discord(console)
    made = {
        "application_id": api.post(
            "/api/applications", json={"name": "Bookstore", "type": "Traditional"}
        ).json()["id"],
        "user_id": api.post("/api/users", json={}).json()["id"],
        "role_id": api.post("/api/roles", json={"name": "Fuzzed", "description": "x"}).json()["id"],
        "resource_id": api.post(
            "/api/resources", json={"name": "Fuzzed", "indicator": "https://fuzzed.example"}
        ).json()["id"],
        "connector_id": connector.path.rpartition("/")[2],
        "framework_id": "flask",
        "factory_id": "discord-universal",
        "tab": "branding",
    }
    listed = re.findall(r"^POST +(/console/\S+)", server_on_each.command("routes"), re.M)
    kept = [path for path in listed if not path.endswith(("sign-out", "/delete"))]
    assert len(kept) > 20
    filled = [
        re.sub(r"\{(\w+)\}", lambda match, ids=ids: ids.get(match[1], "unknown"), path)
        for path in kept
        for ids in ({}, made, {"tab": "sign-up-and-sign-in"})
    ]
    yield list(dict.fromkeys(filled))
    api.delete(f"/api/users/{made['user_id']}")
    api.delete(f"/api/roles/{made['role_id']}")
    api.delete(f"/api/resources/{made['resource_id']}")


def send(visitor: Visitor, url: str, body: str | bytes, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else body.encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return visitor.client.post(url, content=content, headers=kind | headers)


def test_values(server_on_each: Server, console: Callable[[str], Page], routes: list[str]) -> None:
    """Each hostile value in every field of every form."""
    page = console("/signing-keys")
    csrf = dict(page.form(button="Rotate keys").values)["csrf"]
    for path in routes:
        for value in VALUES:
            body = f"csrf={csrf}&" + "&".join(f"{name}={value}" for name in FIELDS)

            answer = send(page.visitor, f"{server_on_each.admin_endpoint}{path}", body)

            assert answer.status_code < 500, f"{path} {value[:40]} {answer.text[:2000]}"
            assert "<script>alert(1)" not in answer.text
    assert "Traceback" not in server_on_each.log


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 403),
        (b"\xff\xfe\x00", 400),
        (b'{"csrf": "x"}', 403),
        (b"csrf=" + b"x" * 300_000, 413),
        (b"&".join(b"a=1" for _ in range(3000)), 400),
    ],
)
def test_bodies(
    server_on_each: Server, console: Callable[[str], Page], body: bytes, status: int
) -> None:
    """What is no form, or too much of one, changes nothing."""
    page = console("/signing-keys")

    answer = send(page.visitor, f"{page.url}/rotate", body)

    assert answer.status_code == status
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "query", [{"q": "\0"}, {"q": "x" * 5000}, {"q": "%_\\"}, {"page": "9" * 400}, {"q": "😀"}]
)
@pytest.mark.parametrize("path", ["/users", "/applications", "/search", "/roles"])
def test_queries(console: Callable[[str], Page], path: str, query: dict[str, str]) -> None:
    """Searches and page numbers of any kind give a list."""
    assert console(f"{path}?{urlencode(query)}").status == 200
