"""Clients that sign: openid-client, oauth4webapi and Authlib, with a key instead of a secret."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from tests.clients.test_node import run_script
from tests.support.bookstore import (
    PASSWORD,
    REDIRECT_URI,
    Application,
    Bookstore,
    code_challenge,
)
from tests.support.management import management_api
from tests.support.pages import Visitor
from tests.support.server import Server

VERIFIER = "a-verifier-of-more-than-43-characters-0123456789"


@pytest.fixture(scope="module")
def private_key() -> ec.EllipticCurvePrivateKey:
    """The key of the client."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def private_jwk(private_key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The same as a JWK."""
    jwk: dict[str, Any] = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(private_key))
    return {name: value for name, value in jwk.items() if name != "key_ops"} | {"kid": "the-key"}


def register(
    server: Server,
    private_jwk: dict[str, Any],
    **more: Any,
) -> Application:
    """Register an application that proves who it is with its key."""
    public = {name: value for name, value in private_jwk.items() if name != "d"}
    metadata = {
        "redirectUris": [REDIRECT_URI],
        "postLogoutRedirectUris": [],
        "tokenEndpointAuthMethod": "private_key_jwt",
        "tokenEndpointAuthSigningAlg": "ES256",
        "requestObjectSigningAlg": "ES256",
        "jwks": {"keys": [{**public, "use": "sig", "alg": "ES256"}]},
        **more,
    }
    with management_api(server) as api:
        answer = api.post(
            "/api/applications",
            json={"name": "Signer", "type": "Traditional", "oidcClientMetadata": metadata},
        )
        assert answer.is_success, answer.text
        return Application(answer.json()["id"], "")


class TestNode:
    def test_fapi(self, server: Server, bookstore: Bookstore, private_jwk: dict[str, Any]) -> None:
        """private_key_jwt, JAR in PAR, JARM, DPoP, refresh: every check of both libraries is on."""
        application = register(
            server,
            private_jwk,
            requirePushedAuthorizationRequests=True,
            requireSignedRequestObject=True,
            dpopBoundAccessTokens=True,
        )

        seen = run_script("fapi.js", bookstore, application, PRIVATE_JWK=json.dumps(private_jwk))

        for library in ("oauth4webapi", "openidClient"):
            assert seen[library] == {
                "names": ["response"],
                "tokenType": "dpop",
                "username": "reader0",
                "refreshedType": "dpop",
            }


class TestAuthlib:
    def test_signed_request_and_assertion(
        self,
        server: Server,
        bookstore: Bookstore,
        private_jwk: dict[str, Any],
        private_key: ec.EllipticCurvePrivateKey,
    ) -> None:
        """A request object in the address, and private_key_jwt at the token endpoint."""
        application = register(server, private_jwk, requireSignedRequestObject=True)
        now = int(time.time())
        request = jwt.encode(
            {
                "iss": application.id,
                "aud": bookstore.issuer,
                "client_id": application.id,
                "redirect_uri": REDIRECT_URI,
                "response_type": "code",
                "scope": "openid",
                "code_challenge": code_challenge(VERIFIER),
                "code_challenge_method": "S256",
                "nbf": now,
                "exp": now + 60,
            },
            private_key,
            algorithm="ES256",
            headers={"kid": "the-key", "typ": "oauth-authz-req+jwt"},
        )
        url = httpx.URL(
            f"{bookstore.issuer}/auth", params={"client_id": application.id, "request": request}
        )
        page = Visitor().open(str(url))
        page = page.submit({"identifier": "reader0", "password": PASSWORD})
        code = parse_qs(urlsplit(page.location).query)["code"][0]

        endpoint = f"{bookstore.issuer}/token"
        method = PrivateKeyJWT(bookstore.issuer, alg="ES256", headers={"kid": "the-key"})
        session = OAuth2Session(
            application.id,
            ECKey.import_key(private_jwk),
            token_endpoint_auth_method=method,
            redirect_uri=REDIRECT_URI,
        )
        token = session.fetch_token(endpoint, code=code, code_verifier=VERIFIER)

        assert token["token_type"] == "Bearer"
        claims = jwt.decode(token["id_token"], options={"verify_signature": False})
        assert claims["aud"] == application.id
