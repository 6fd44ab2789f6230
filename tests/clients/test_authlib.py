"""Authlib: its Flask integration, set up from discovery alone, and its requests session."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.support.bookstore import PASSWORD, REDIRECT_URI, RESOURCE, RESOURCE_SCOPE, Bookstore
from tests.support.management import management_api
from tests.support.pages import Visitor
from tests.support.server import Server


@pytest.fixture
def application(bookstore: Bookstore) -> FlaskClient:
    """An application of the usual kind: /sign-in redirects, /callback shows who came back."""
    app = flask.Flask("authlib-application")
    app.secret_key = "only for this test"
    app.testing = True
    oauth = OAuth(app)
    oauth.register(
        "doorward",
        client_id=bookstore.web.id,
        client_secret=bookstore.web.secret,
        server_metadata_url=f"{bookstore.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )

    @app.route("/sign-in")
    def sign_in() -> Any:
        return oauth.doorward.authorize_redirect(REDIRECT_URI)

    @app.route("/callback")
    def callback() -> Any:
        token = oauth.doorward.authorize_access_token()
        return {"claims": token["userinfo"], "userinfo": oauth.doorward.userinfo(token=token)}

    return app.test_client()


def signed_in_callback(application: FlaskClient) -> str:
    """Sign in on the hosted page; return path and query of the callback."""
    page = Visitor().open(application.get("/sign-in").location)
    page = page.submit({"identifier": "reader0", "password": PASSWORD})
    parts = urlsplit(page.location)
    return f"{parts.path}?{parts.query}"


class TestFlaskIntegration:
    def test_signs_in(self, application: FlaskClient, bookstore: Bookstore) -> None:
        """Discovery, state, nonce, PKCE and the ID token's signature are checked by Authlib."""
        answer = application.get(signed_in_callback(application))

        seen = answer.get_json()
        assert seen["claims"]["iss"] == bookstore.issuer
        assert seen["claims"]["aud"] == bookstore.web.id
        assert seen["claims"]["username"] == "reader0"
        assert seen["userinfo"]["sub"] == seen["claims"]["sub"]

    def test_a_callback_works_once(self, application: FlaskClient) -> None:
        """The state is spent by the first use, so the code cannot be played again."""
        callback = signed_in_callback(application)
        application.get(callback)

        with pytest.raises(MismatchingStateError):
            application.get(callback)


class TestRequestsSession:
    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
    def test_fetches_a_token_for_an_api(self, bookstore: Bookstore, method: str) -> None:
        """client_credentials with either way of sending the secret."""
        session = OAuth2Session(
            bookstore.machine.id,
            bookstore.machine.secret,
            token_endpoint_auth_method=method,
            scope=RESOURCE_SCOPE,
        )

        token = session.fetch_token(
            f"{bookstore.issuer}/token", grant_type="client_credentials", resource=RESOURCE
        )

        assert token["token_type"] == "Bearer"
        assert token["scope"] == "read:books"
        assert token["expires_in"] == 3600

    @pytest.mark.parametrize("type_", [RSAKey, ECKey, OKPKey])
    def test_signs_for_a_token(self, server: Server, bookstore: Bookstore, type_: Any) -> None:
        """private_key_jwt. Authlib names the token endpoint as audience (ADR 0012)."""
        size, algorithm = {
            RSAKey: (2048, "PS256"),
            ECKey: ("P-256", "ES256"),
            OKPKey: ("Ed25519", "Ed25519"),
        }[type_]
        key = type_.generate_key(size)
        client_id = add_machine(
            server,
            tokenEndpointAuthMethod="private_key_jwt",
            jwks={"keys": [key.as_dict(private=False)]},
        )
        session = OAuth2Session(client_id, key, token_endpoint_auth_method="private_key_jwt")
        session.register_client_auth_method(PrivateKeyJWT(alg=algorithm))

        token = session.fetch_token(
            f"{bookstore.issuer}/token", grant_type="client_credentials", resource=RESOURCE
        )

        assert token["expires_in"] == 3600

    def test_makes_a_mac_for_a_token(self, server: Server, bookstore: Bookstore) -> None:
        """client_secret_jwt, under the secret that the console shows."""
        client_id = add_machine(server, tokenEndpointAuthMethod="client_secret_jwt")
        with management_api(server) as api:
            secret = api.get(f"/api/applications/{client_id}/secrets").json()[0]["value"]
        session = OAuth2Session(
            client_id, OctKey.import_key(secret), token_endpoint_auth_method="client_secret_jwt"
        )
        session.register_client_auth_method(ClientSecretJWT())

        token = session.fetch_token(
            f"{bookstore.issuer}/token", grant_type="client_credentials", resource=RESOURCE
        )

        assert token["expires_in"] == 3600


def add_machine(server: Server, **metadata: Any) -> str:
    """Register a machine and return its id."""
    uris: dict[str, Any] = {"redirectUris": [], "postLogoutRedirectUris": []}
    body = {"name": "A", "type": "MachineToMachine", "oidcClientMetadata": uris | metadata}
    with management_api(server) as api:
        answer = api.post("/api/applications", json=body)
    assert answer.status_code == 200, answer.text
    id_: str = answer.json()["id"]
    return id_
