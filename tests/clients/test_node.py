"""npm openid-client, oauth4webapi and @logto/node; the scripts are in `node/`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.bookstore import (
    PASSWORD,
    POST_LOGOUT_REDIRECT_URI,
    REDIRECT_URI,
    RESOURCE,
    RESOURCE_SCOPE,
    Application,
    Bookstore,
)

SCRIPTS = Path(__file__).parent / "node"


def run_script(
    name: str, bookstore: Bookstore, application: Application, **more: str
) -> dict[str, Any]:
    """Run a script of `node/` as `application` and return the JSON it prints. `more` is added to
    its environment."""
    assert (SCRIPTS / "node_modules").is_dir(), "the Node clients are missing: run `make install`"
    environment = {
        "ENDPOINT": bookstore.endpoint,
        "ISSUER": bookstore.issuer,
        "CLIENT_ID": application.id,
        "CLIENT_SECRET": application.secret,
        "REDIRECT_URI": REDIRECT_URI,
        "POST_LOGOUT_REDIRECT_URI": POST_LOGOUT_REDIRECT_URI,
        "IDENTIFIER": "reader0",
        "PASSWORD": PASSWORD,
        "RESOURCE": RESOURCE,
        "RESOURCE_SCOPE": RESOURCE_SCOPE,
    }
    result = subprocess.run(
        ["node", str(SCRIPTS / name)],
        env={**os.environ, **environment, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    seen: dict[str, Any] = json.loads(result.stdout)
    return seen


@pytest.fixture(params=["web", "native"])
def application(request: pytest.FixtureRequest, bookstore: Bookstore) -> Application:
    """A confidential client, then a public one."""
    found: Application = getattr(bookstore, request.param)
    return found


class TestOpenidClient:
    def test_signs_in_and_out(self, bookstore: Bookstore, application: Application) -> None:
        """PKCE, state, nonce, ID token signature; userinfo; refresh; sign-out ends the session."""
        seen = run_script("openid_client.js", bookstore, application)

        assert seen["idToken"]["iss"] == bookstore.issuer
        assert seen["idToken"]["aud"] == application.id
        assert seen["userinfo"]["sub"] == seen["idToken"]["sub"]
        assert seen["userinfo"]["username"] == "reader0"
        assert seen["refreshedSubject"] == seen["idToken"]["sub"]
        assert seen["signedOut"] == f"{POST_LOGOUT_REDIRECT_URI}?state={seen['expectedState']}"
        assert seen["asksAgain"] is True


class TestOauth4webapi:
    def test_validates_everything(self, bookstore: Bookstore, application: Application) -> None:
        """PKCE, state, nonce, iss (RFC 9207), ID token signature, JWT access token (RFC 9068)."""
        seen = run_script("oauth4webapi.js", bookstore, application)

        assert seen["idToken"]["aud"] == application.id
        assert seen["userinfo"]["sub"] == seen["idToken"]["sub"]
        assert seen["accessToken"]["iss"] == bookstore.issuer
        assert seen["accessToken"]["aud"] == RESOURCE
        assert seen["accessToken"]["sub"] == seen["idToken"]["sub"]
        assert seen["accessToken"]["client_id"] == application.id
        assert seen["before"]["active"] is True
        assert seen["after"] == {"active": False}


class TestMachine:
    def test_fetches_a_token_for_an_api(self, bookstore: Bookstore) -> None:
        """client_credentials by both libraries, secret in the header and in the form."""
        seen = run_script("machine.js", bookstore, bookstore.machine)

        for library in ("oauth4webapi", "openidClient"):
            assert seen[library]["scope"] == "read:books"
            assert seen[library]["claims"]["scope"] == "read:books"
            assert seen[library]["claims"]["aud"] == RESOURCE
            assert seen[library]["claims"]["sub"] == bookstore.machine.id
            assert seen[library]["claims"]["client_id"] == bookstore.machine.id


class TestDevice:
    def test_both_libraries_get_in(self, bookstore: Bookstore) -> None:
        """RFC 8628: openid-client polls by itself; oauth4webapi is told to wait, then too fast."""
        seen = run_script("device.js", bookstore, bookstore.device)

        assert seen["userinfo"]["username"] == "reader0"
        assert seen["first"]["sub"] == seen["second"]["sub"] == seen["userinfo"]["sub"]
        assert seen["second"]["aud"] == bookstore.device.id
        assert seen["errors"] == ["authorization_pending", "slow_down"]
        assert seen["hasRefreshToken"] is True


class TestLogtoNode:
    def test_signs_in_and_out(self, bookstore: Bookstore) -> None:
        """The SDK as an application uses it, unchanged but for the endpoint."""
        seen = run_script("logto_node.js", bookstore, bookstore.web)

        assert seen["before"] is False
        assert seen["after"] is True
        assert seen["idToken"]["iss"] == bookstore.issuer
        assert seen["userinfo"]["username"] == "reader0"
        assert seen["accessToken"]["aud"] == RESOURCE
        assert seen["accessToken"]["sub"] == seen["idToken"]["sub"]
        assert seen["signedOut"] == POST_LOGOUT_REDIRECT_URI
        assert seen["authenticatedAtTheEnd"] is False
