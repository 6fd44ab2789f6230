"""Spoilt requests to every route beside the APIs and the console, which have tests of their own.

The list is the server's: a route that has no good request here, to be spoilt, fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Router
from litestar.routes import HTTPRoute

from doorward.oidc.app import ROUTES
from doorward.web import route_handlers
from tests.fuzz.mangling import Form, spoilt
from tests.fuzz.state import fingerprint
from tests.fuzz.test_authorize import good_request
from tests.support.bookstore import PASSWORD, POST_LOGOUT_REDIRECT_URI, REDIRECT_URI, Bookstore
from tests.support.pages import Visitor
from tests.support.server import Server

# These are found by what a path begins with.
OF_A_PREFIX = {
    ("GET", "/oidc/auth/{uid}"),
    ("GET", "/oidc/reg/{client_id}"),
    ("PUT", "/oidc/reg/{client_id}"),
    ("DELETE", "/oidc/reg/{client_id}"),
}
OTHERWISE_TESTED = ("/api/", "/console", "/static/")
OWN_HOSTS = {"", urlsplit(REDIRECT_URI).netloc}
KINDS = ("application/json", "text/html", "application/jwt", "application/jwk-set+json")


def web_routes() -> Iterator[tuple[str, str]]:
    for route in Router(path="/", route_handlers=route_handlers()).routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods - {"OPTIONS"}:
                    yield str(method), route.path_format


EVERY = sorted(
    (method, path)
    for method, path in {*ROUTES, *OF_A_PREFIX, *web_routes()}
    if not path.startswith(OTHERWISE_TESTED)
)

LOCALES = ("ui_locales",)
CLIENT = ("client_id", "client_secret")
REQUEST = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
PAGE = ("app_id", "ui_locales", "login_hint", "identifier", "password", "username", "csrf")
DEVICE = ("user_code", "xsrf", "asked", "choice")
PARAMETERS: dict[str, tuple[str, ...]] = {
    "/": LOCALES,
    "/.well-known/oauth-authorization-server/oidc": LOCALES,
    "/.well-known/oauth-protected-resource/api": LOCALES,
    "/.well-known/openid-configuration/oidc": LOCALES,
    "/callback/{connector_id}": ("state", "code", "error", "app_id"),
    "/consent": (*PAGE, "choice"),
    "/device": DEVICE,
    "/device/success": ("refused", "ui_locales"),
    "/direct/{method}/{target}": ("app_id", "fallback"),
    "/identifier-register": PAGE,
    "/identifier-sign-in": PAGE,
    "/missing-profile": PAGE,
    "/oidc/.well-known/oauth-authorization-server": LOCALES,
    "/oidc/.well-known/openid-configuration": LOCALES,
    "/oidc/auth": (*REQUEST, "prompt"),
    "/oidc/auth/{uid}": LOCALES,
    "/oidc/device": DEVICE,
    "/oidc/device/auth": ("client_id", "client_secret", "scope"),
    "/oidc/jwks": LOCALES,
    "/oidc/me": ("access_token",),
    "/oidc/reg": ("redirect_uri", "scope"),
    "/oidc/reg/{client_id}": ("client_id", "redirect_uri"),
    "/oidc/request": (*REQUEST, "client_secret"),
    "/oidc/session/check": LOCALES,
    "/oidc/session/end": ("id_token_hint", "post_logout_redirect_uri", "state", "client_id"),
    "/oidc/session/end/confirm": ("xsrf", "departure", "logout"),
    "/oidc/session/end/success": LOCALES,
    "/oidc/token": (*CLIENT, "grant_type", "refresh_token", "scope"),
    "/oidc/token/introspection": (*CLIENT, "token"),
    "/oidc/token/revocation": (*CLIENT, "token"),
    "/register": PAGE,
    "/register/social": (*PAGE, "connector_id"),
    "/reset-password": PAGE,
    "/select-account": (*PAGE, "choice"),
    "/sign-in": PAGE,
    "/sign-in/social": (*PAGE, "connector_id"),
    "/single-sign-on": PAGE,
    "/social/link": (*PAGE, "choice"),
    "/social/register": PAGE,
    "/unknown-session": LOCALES,
}


@dataclass
class Person:
    """Somebody who is signed in, and about to sign in once more in another tab."""

    visitor: Visitor
    bookstore: Bookstore
    known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def arrive(cls, bookstore: Bookstore) -> Person:
        visitor = Visitor()
        tokens = bookstore.sign_in(visitor, bookstore.native)
        page = visitor.open(bookstore.authorization_url(bookstore.web, prompt="login"))
        device = visitor.client.post(
            f"{bookstore.issuer}/device/auth", data=bookstore.device.credentials
        ).json()
        confirm = visitor.open(f"{bookstore.issuer}/session/end").form(holding="departure")
        known = {
            **good_request(bookstore),
            **bookstore.web.credentials,
            **dict(page.form(holding="identifier").values),
            **dict(confirm.values),
            "access_token": tokens["access_token"],
            "app_id": bookstore.web.id,
            "choice": "approve",
            "fallback": "sign-in",
            "grant_type": "refresh_token",
            "id_token_hint": tokens["id_token"],
            "identifier": "reader0",
            "login_hint": "reader0",
            "password": PASSWORD,
            "post_logout_redirect_uri": POST_LOGOUT_REDIRECT_URI,
            "prompt": "consent",
            "refresh_token": tokens["refresh_token"],
            "token": tokens["access_token"],
            "user_code": device["user_code"],
            "username": "somebody",
        }
        return cls(visitor, bookstore, known)

    def good(self, path: str) -> dict[str, str]:
        return {name: self.known.get(name, "x") for name in PARAMETERS[path]}


def send(client: httpx.Client, method: str, url: str, form: Form, *, accept: str) -> httpx.Response:
    headers = {"accept": accept}
    if method in {"POST", "PUT"}:
        headers["content-type"] = "application/x-www-form-urlencoded"
        return client.request(method, url, content=form.encoded, headers=headers)
    query = form.encoded.decode()
    return client.request(method, f"{url}?{query}"[:16_000], headers=headers)


def judge(answer: httpx.Response, bookstore: Bookstore) -> None:
    """No fault of ours, nobody sent to a stranger, no header of the sender's making."""
    assert answer.status_code < 500, answer.text
    where = urlsplit(answer.headers.get("location", ""))
    assert where.netloc in OWN_HOSTS | {urlsplit(bookstore.endpoint).netloc}
    assert where.scheme in {"", "http"}
    for cookie in answer.headers.get_list("set-cookie"):
        assert not cookie.startswith("a=b")
    if answer.status_code >= 400 and answer.content:
        assert answer.headers["content-type"].startswith(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), EVERY)
def test_spoilt_requests(method: str, path: str, server: Server, bookstore: Bookstore) -> None:
    """Of a stranger and of somebody who is signed in; what the provider refuses changes nothing."""
    person, stranger = Person.arrive(bookstore), httpx.Client(timeout=20, verify=False)

    @settings(max_examples=25)
    @given(
        data=st.data(),
        segment=st.text(min_size=1, max_size=20) | st.sampled_from(["\r\nset-cookie: a=b", ".."]),
        is_stranger=st.booleans(),
        accept=st.sampled_from(["text/html", "application/json"]),
    )
    def check(data: Any, segment: str, is_stranger: bool, accept: str) -> None:
        form = data.draw(spoilt(person.good(path)))
        filled = "/".join(
            quote(segment, safe="", errors="replace") if part.startswith("{") else part
            for part in path.split("/")
        )
        client = stranger if is_stranger else person.visitor.client
        before = fingerprint(server)

        answer = send(client, method, bookstore.endpoint + filled, form, accept=accept)

        judge(answer, bookstore)
        if path.startswith("/oidc/") and answer.status_code >= 400:
            assert fingerprint(server) == before

    with person.visitor, stranger:
        check()


def test_no_route_is_forgotten() -> None:
    """Nor is one here that the server no longer has."""
    assert PARAMETERS.keys() == {path for _, path in EVERY}
