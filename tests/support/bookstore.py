"""The Bookstore: applications, an API and users, made through the management API, and sign-in.

    bookstore = open_bookstore(server, users=2)
    tokens = bookstore.sign_in(Visitor(), bookstore.native, user=0)

It is what an ordinary customer sets up: a web application with a secret, a native one without, a
machine that may read books, a device without a keyboard, and users `reader0`, `reader1`, ... with
one password.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.support.management import management_api
from tests.support.pages import Page, Visitor
from tests.support.server import Server

REDIRECT_URI = "http://localhost:3000/callback"
POST_LOGOUT_REDIRECT_URI = "http://localhost:3000/"
RESOURCE = "https://books.example/api"
RESOURCE_SCOPE = "read:books"
PASSWORD = "correct-horse-battery-7"
SIGN_IN = "openid profile offline_access"


@dataclass(frozen=True)
class Application:
    """A registered application; one without a secret is public."""

    id: str
    secret: str

    @property
    def credentials(self) -> dict[str, str]:
        """What the application adds to a form to say who it is (client_secret_post)."""
        return {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})


@dataclass(frozen=True)
class Bookstore:
    """What exists, and the walk of a user through it."""

    endpoint: str
    issuer: str
    web: Application
    native: Application
    machine: Application
    device: Application

    def authorization_url(self, application: Application, **parameters: str) -> str:
        """Return an authorization request; `parameters` replace or add to the usual ones."""
        usual = {
            "client_id": application.id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": SIGN_IN,
            "prompt": "consent",
            "state": "a-state",
        }
        return f"{self.issuer}/auth?{urlencode(usual | parameters)}"

    def authorize(
        self, visitor: Visitor, application: Application, *, user: int = 0, **parameters: str
    ) -> str:
        """Walk the hosted pages, signing in if they ask; return the authorization code."""
        page = visitor.open(self.authorization_url(application, **parameters))
        if page.forms:
            page = page.submit({"identifier": f"reader{user}", "password": PASSWORD})
        return code_of(page)

    def sign_in(
        self, visitor: Visitor, application: Application, *, user: int = 0, **parameters: str
    ) -> dict[str, Any]:
        """Sign a user in and return the token response of the code."""
        verifier = secrets.token_urlsafe(48)
        challenge = {"code_challenge": code_challenge(verifier), "code_challenge_method": "S256"}
        code = self.authorize(visitor, application, user=user, **challenge, **parameters)
        answer = visitor.client.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT_URI,
                "code_verifier": verifier,
                **application.credentials,
            },
        )
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


def open_bookstore(server: Server, *, users: int = 1) -> Bookstore:
    """Make the applications, the API, the machine's role and the users."""
    with management_api(server) as api:
        resource = _post(api, "/api/resources", name="Books", indicator=RESOURCE)
        scope = _post(api, f"/api/resources/{resource['id']}/scopes", name=RESOURCE_SCOPE)
        role = _post(
            api,
            "/api/roles",
            name="Books reader",
            description="Reads books",
            type="MachineToMachine",
            scopeIds=[scope["id"]],
        )
        machine = _post(api, "/api/applications", name="Books robot", type="MachineToMachine")
        _send(api, f"/api/roles/{role['id']}/applications", applicationIds=[machine["id"]])
        redirects = {
            "redirectUris": [REDIRECT_URI],
            "postLogoutRedirectUris": [POST_LOGOUT_REDIRECT_URI],
        }
        web, native = (
            _post(api, "/api/applications", name=name, type=kind, oidcClientMetadata=redirects)
            for name, kind in (("Bookstore", "Traditional"), ("Bookstore app", "Native"))
        )
        device = _post(
            api,
            "/api/applications",
            name="Bookstore reader",
            type="Native",
            oidcClientMetadata={"redirectUris": [], "postLogoutRedirectUris": []},
            customClientMetadata={"isDeviceFlow": True},
        )
        for number in range(users):
            _post(api, "/api/users", username=f"reader{number}", password=PASSWORD)
        return Bookstore(
            endpoint=server.endpoint,
            issuer=server.issuer,
            web=Application(web["id"], _secret(api, web["id"])),
            native=Application(native["id"], ""),
            machine=Application(machine["id"], _secret(api, machine["id"])),
            device=Application(device["id"], ""),
        )


def code_of(page: Page) -> str:
    """Return the code that `page`, the end of a walk, hands to the application."""
    query = parse_qs(urlsplit(page.location).query)
    assert "code" in query, page.location
    return query["code"][0]


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _send(api: httpx.Client, path: str, **body: Any) -> httpx.Response:
    answer = api.post(path, json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer


def _post(api: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    created: dict[str, Any] = _send(api, path, **body).json()
    return created


def _secret(api: httpx.Client, application_id: str) -> str:
    secret: str = api.get(f"/api/applications/{application_id}/secrets").json()[0]["value"]
    return secret
