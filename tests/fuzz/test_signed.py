"""What a client signed rightly and filled in wrongly: request objects and assertions, whose
signature is no obstacle to what stands behind it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.kit.jose import SigningKey
from tests.fuzz.mangling import NAMES, json_values
from tests.support.bookstore import REDIRECT_URI
from tests.support.management import management_api
from tests.support.server import Server

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = SigningKey.generate("ES256")
CLAIMS = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", *NAMES]


@dataclass(frozen=True)
class Signer:
    """A client that signs what it sends."""

    id: str
    issuer: str

    def claims(self, data: st.DataObject) -> dict[str, Any]:
        """Return what makes a good request, with one to three members of another kind."""
        now = int(time.time())
        good: dict[str, Any] = {
            "iss": self.id,
            "sub": self.id,
            "aud": self.issuer,
            "exp": now + 60,
            "iat": now,
            "jti": secrets.token_urlsafe(),
            "client_id": self.id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid",
        }
        for _ in range(data.draw(st.integers(1, 3))):
            name = data.draw(st.sampled_from(CLAIMS) | st.text(max_size=8))
            good[name] = data.draw(json_values())
        return good


@pytest.fixture(scope="module")
def signer(server: Server) -> Signer:
    with management_api(server) as api:
        answer = api.post(
            "/api/applications",
            json={
                "name": "Signer",
                "type": "Traditional",
                "oidcClientMetadata": {
                    "redirectUris": [REDIRECT_URI],
                    "postLogoutRedirectUris": [],
                    "tokenEndpointAuthMethod": "private_key_jwt",
                    "jwks": {"keys": [KEY.public_jwk]},
                },
            },
        )
        answer.raise_for_status()
        return Signer(answer.json()["id"], server.issuer)


@settings(max_examples=250)
@given(data=st.data())
def test_request_objects(signer: Signer, http: httpx.Client, data: st.DataObject) -> None:
    """Each is answered to the person or to the client, never with a fault."""
    value = KEY.encode(signer.claims(data), typ="oauth-authz-req+jwt")

    answer = http.post(f"{signer.issuer}/auth", data={"client_id": signer.id, "request": value})

    assert answer.status_code in {303, 400, 413}, answer.text
    assert answer.headers.get("location", REDIRECT_URI).startswith((REDIRECT_URI, "/"))


@settings(max_examples=250)
@given(data=st.data())
def test_assertions(signer: Signer, http: httpx.Client, data: st.DataObject) -> None:
    """A client is known, or it is not; it has no leave for anything here."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": KEY.encode(signer.claims(data)),
    }

    answer = http.post(f"{signer.issuer}/token", data=form)

    assert answer.status_code in {400, 401, 413}, answer.text
    assert answer.json()["error"] in {
        "invalid_client",
        "invalid_request",
        "invalid_target",
        "unauthorized_client",
    }
