"""One test for two packages: ours, and the PyPI package it stands in for, against our server.

What passes here for both is what "drop-in" means: the same program, the same walk, the same result.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sdk.contract import App, Package, Refused, running_app
from tests.support.bookstore import (
    PASSWORD,
    POST_LOGOUT_REDIRECT_URI,
    REDIRECT_URI,
    RESOURCE,
    Bookstore,
    open_bookstore,
)
from tests.support.pages import Page, Visitor
from tests.support.server import Server

ORGANIZATIONS = "urn:logto:scope:organizations"
# A browser keeps 4096 bytes of name, value and attributes; Flask warns from 4093 on.
COOKIE_LIMIT = 4093


@pytest.fixture(scope="module")
def bookstore(server: Server) -> Bookstore:
    return open_bookstore(server)


@pytest.fixture(params=list(Package))
def package(request: pytest.FixtureRequest) -> Package:
    """Each package in turn."""
    chosen: Package = request.param
    return chosen


@dataclass(frozen=True)
class Walk:
    """A browser and the application it uses."""

    app: App
    visitor: Visitor
    bookstore: Bookstore

    def sign_in(self) -> str:
        """Walk from the application to the hosted page and back; return the callback URL."""
        page = self.visitor.open(self.app.call("signIn", redirectUri=REDIRECT_URI))
        if page.forms:
            page = page.submit({"identifier": "reader0", "password": PASSWORD})
        self.app.call("handleSignInCallback", callbackUri=page.location)
        return page.location

    def sign_out(self) -> Page:
        """Walk from the application to the server's goodbye, agreeing if it asks."""
        url = self.app.call("signOut", postLogoutRedirectUri=POST_LOGOUT_REDIRECT_URI)
        page = self.visitor.open(url)
        return page.submit() if page.forms else page


@contextlib.contextmanager
def walk_with(package: Package, bookstore: Bookstore, **config: Any) -> Iterator[Walk]:
    """Start the application with `package`, and a browser without cookies."""
    usual = {
        "endpoint": bookstore.endpoint,
        "appId": bookstore.web.id,
        "appSecret": bookstore.web.secret,
        "resources": [RESOURCE],
    }
    with running_app(package, **(usual | config)) as app, Visitor() as visitor:
        yield Walk(app, visitor, bookstore)


@pytest.fixture
def walk(package: Package, bookstore: Bookstore) -> Iterator[Walk]:
    with walk_with(package, bookstore) as walk:
        yield walk


class TestSignIn:
    def test_signs_the_user_in(self, walk: Walk) -> None:
        """Password on the hosted page, code, ID token: the application knows its user."""
        assert walk.app.call("isAuthenticated") is False

        walk.sign_in()

        assert walk.app.call("isAuthenticated") is True
        claims = walk.app.call("getIdTokenClaims")
        assert claims["iss"] == walk.bookstore.issuer
        assert claims["aud"] == walk.bookstore.web.id
        assert claims["username"] == "reader0"
        assert claims["picture"] is None
        assert claims["exp"] - claims["iat"] == 3600
        assert len(walk.app.call("getIdToken").split(".")) == 3
        assert walk.app.call("getRefreshToken")

    def test_callback_carries_the_issuer(self, walk: Walk) -> None:
        """RFC 9207: the answer says which server it is from."""
        callback = walk.sign_in()

        assert parse_qs(urlsplit(callback).query)["iss"] == [walk.bookstore.issuer]

    def test_sign_up_starts_on_the_page_that_creates_accounts(self, walk: Walk) -> None:
        """interactionMode="signUp", as in the tutorial."""
        url = walk.app.call("signIn", redirectUri=REDIRECT_URI, interactionMode="signUp")

        assert urlsplit(walk.visitor.open(url).url).path == "/register"

    def test_second_sign_in_does_not_ask(self, walk: Walk) -> None:
        """The server's session is still there: single sign-on."""
        walk.sign_in()

        page = walk.visitor.open(walk.app.call("signIn", redirectUri=REDIRECT_URI))

        assert page.location.startswith(REDIRECT_URI)

    def test_prompt_login_asks_again(self, package: Package, bookstore: Bookstore) -> None:
        """prompt="login" in the configuration."""
        with walk_with(package, bookstore, prompt="login") as walk:
            walk.sign_in()

            page = walk.visitor.open(walk.app.call("signIn", redirectUri=REDIRECT_URI))

            assert page.forms
            assert walk.app.call("getRefreshToken") is None

    def test_wrong_state(self, walk: Walk) -> None:
        """An answer that the application did not ask for."""
        page = walk.visitor.open(walk.app.call("signIn", redirectUri=REDIRECT_URI))
        page = page.submit({"identifier": "reader0", "password": PASSWORD})
        state = parse_qs(urlsplit(page.location).query)["state"][0]

        with pytest.raises(Refused):
            walk.app.call(
                "handleSignInCallback", callbackUri=page.location.replace(state, "tampered")
            )

        assert walk.app.call("isAuthenticated") is False

    def test_another_path(self, walk: Walk) -> None:
        """An answer that came to another address than the one it was asked to."""
        page = walk.visitor.open(walk.app.call("signIn", redirectUri=REDIRECT_URI))
        page = page.submit({"identifier": "reader0", "password": PASSWORD})

        with pytest.raises(Refused):
            walk.app.call(
                "handleSignInCallback", callbackUri=page.location.replace("/callback", "/other")
            )

        assert walk.app.call("isAuthenticated") is False

    def test_code_twice(self, walk: Walk) -> None:
        """A callback that is opened a second time signs nobody in."""
        callback = walk.sign_in()

        with pytest.raises(Refused):
            walk.app.call("handleSignInCallback", callbackUri=callback)

    def test_refusal(self, walk: Walk) -> None:
        """The server's error reaches the application by its name."""
        url = walk.app.call("signIn", redirectUri=REDIRECT_URI)
        page = Visitor().open(url.replace("prompt=consent", "prompt=none"))

        with pytest.raises(Refused, match="login_required"):
            walk.app.call("handleSignInCallback", callbackUri=page.location)


class TestTokens:
    def test_userinfo(self, walk: Walk) -> None:
        """The server's word on the user, with the opaque access token."""
        walk.sign_in()

        user = walk.app.call("fetchUserInfo")

        assert user["sub"] == walk.app.call("getIdTokenClaims")["sub"]
        assert user["username"] == "reader0"
        assert "." not in walk.app.call("getAccessToken")

    def test_access_token_for_a_resource(self, walk: Walk) -> None:
        """A JWT for the API; the second question is answered from the storage."""
        walk.sign_in()

        token = walk.app.call("getAccessToken", resource=RESOURCE)

        claims = walk.app.call("getAccessTokenClaims", resource=RESOURCE)
        assert claims["aud"] == "https://books.example/api"
        assert claims["client_id"] == walk.bookstore.web.id
        assert claims["sub"] == walk.app.call("getIdTokenClaims")["sub"]
        assert claims["scope"] == ""
        assert walk.app.call("getAccessToken", resource=RESOURCE) == token

    def test_refreshing(self, walk: Walk) -> None:
        """An expired access token is replaced, whatever resource it was for."""
        walk.sign_in()
        before = walk.app.call("getAccessToken")
        walk.app.order(do="forget", key="accessTokenMap")

        after = walk.app.call("getAccessToken")

        assert after
        assert after != before
        assert walk.app.call("fetchUserInfo")["username"] == "reader0"

    def test_resource_that_was_not_asked_for(self, walk: Walk) -> None:
        """The server refuses a resource that the sign-in did not name."""
        walk.sign_in()

        with pytest.raises(Refused, match="invalid_target"):
            walk.app.call("getAccessToken", resource="https://other.example/api")

    def test_organization_token_of_a_stranger(self, package: Package, bookstore: Bookstore) -> None:
        """The user is no member of that organization."""
        with walk_with(package, bookstore, scopes=[ORGANIZATIONS]) as walk:
            walk.sign_in()

            with pytest.raises(Refused, match="access_denied"):
                walk.app.call("getOrganizationToken", organizationId="no-such-org1")

    def test_organization_token_without_the_scope(self, walk: Walk) -> None:
        """Both packages say so before they ask the server."""
        walk.sign_in()

        with pytest.raises(Refused, match=r"UserInfoScope\.organizations"):
            walk.app.call("getOrganizationToken", organizationId="no-such-org1")

    def test_everything_fits_in_one_cookie(self, walk: Walk) -> None:
        """Flask keeps a session in one signed cookie: ID, refresh and two access tokens fit."""
        from flask import Flask
        from flask.sessions import SecureCookieSessionInterface

        walk.sign_in()
        walk.app.call("getAccessToken", resource=RESOURCE)
        flask = Flask(__name__)
        flask.secret_key = "0" * 64
        serializer = SecureCookieSessionInterface().get_signing_serializer(flask)
        assert serializer

        cookie = serializer.dumps(walk.app.order(do="kept"))

        attributes = "; HttpOnly; Path=/; SameSite=Lax; Secure; Domain=books.example.com"
        assert len(f"session={cookie}{attributes}") < COOKIE_LIMIT * 3 // 4


class TestSignOut:
    def test_ends_both_sessions(self, walk: Walk) -> None:
        """Here nothing stays; there the next sign-in asks for the password again."""
        walk.sign_in()

        page = walk.sign_out()

        assert page.location == POST_LOGOUT_REDIRECT_URI
        assert walk.app.call("isAuthenticated") is False
        assert walk.app.call("getAccessToken") is None
        assert walk.app.order(do="kept") == {}
        assert walk.visitor.open(walk.app.call("signIn", redirectUri=REDIRECT_URI)).forms


def test_a_session_survives_the_change_of_package(bookstore: Bookstore) -> None:
    """Users who are signed in stay so when an application changes from one package to the other."""
    with walk_with(Package.PYPI, bookstore) as walk:
        walk.sign_in()
        kept = walk.app.order(do="kept")
    with walk_with(Package.DOORWARD, bookstore) as walk:
        for key, value in kept.items():
            walk.app.order(do="keep", key=key, value=value)

        assert walk.app.call("isAuthenticated") is True
        assert walk.app.call("fetchUserInfo")["username"] == "reader0"
        assert json.loads(kept["accessTokenMap"])["x"][""]["token"] == walk.app.call(
            "getAccessToken"
        )


def test_everything_public_is_there() -> None:
    """Each name, field, member, method and parameter of the package that ours stands in for."""
    with running_app(Package.DOORWARD, endpoint="http://localhost:1", appId="a") as app:
        ours = app.order(do="interface")
    with running_app(Package.PYPI, endpoint="http://localhost:1", appId="a") as app:
        theirs = app.order(do="interface")

    assert theirs.keys() - ours.keys() == set()
    for name, offered in theirs.items():
        assert set(offered.get("fields", ())) <= set(ours[name].get("fields", ())), name
        assert offered.get("members", {}).items() <= ours[name].get("members", {}).items(), name
        for method, parameters in offered.get("methods", {}).items():
            assert ours[name]["methods"][method][: len(parameters)] == parameters, (name, method)
