"""The server under test, and its operator, who registers clients and people."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.conformance.authority import Authority
from tests.conformance.tls_front import CERTIFICATE_HEADER, TlsFront
from tests.support.management import management_token
from tests.support.ports import free_port
from tests.support.server import Server

HOST, ADMIN_HOST = "id.doorward.example", "console.doorward.example"
CALLBACK = "https://rp.example/callback"
SECOND_CALLBACK = "https://second.example/callback?kept=1"
SIGNED_OUT = "https://rp.example/signed-out"
PASSWORD = "correct-horse-battery-7"
# Everything that OpenID Connect Core section 5.1 can say about a person.
PROFILE = {
    "familyName": "Lovelace",
    "givenName": "Ada",
    "middleName": "Byron",
    "nickname": "ada",
    "preferredUsername": "countess",
    "profile": "https://ada.example/",
    "website": "https://ada.example/home",
    "gender": "female",
    "birthdate": "1915-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "address": {
        "formatted": "12 St James's Square, London",
        "streetAddress": "12 St James's Square",
        "locality": "London",
        "postalCode": "SW1Y 4JH",
        "country": "United Kingdom",
    },
}


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    id: str
    username: str
    password: str = PASSWORD


@dataclass(frozen=True)
class Registration:
    """A client as its developer knows it."""

    client_id: str
    client_secret: str = ""
    redirect_uri: str = CALLBACK
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Provider:
    """A running server behind its TLS front."""

    def __init__(self, server: Server, authority: Authority, *, host: str = HOST) -> None:
        self.server = server
        self.authority = authority
        self.certify = authority.certify
        self.endpoint = f"https://{host}"
        self.ports = {host.partition(":")[0]: server.port, ADMIN_HOST: server.admin_port}
        self.http = self.client()
        self.issuer = f"{self.endpoint}/oidc"
        token = management_token(server)
        self._management = self.client(authorization=f"Bearer {token}")
        self._numbers = itertools.count(1)

    def client(self, *, certificate: str | None = None, **headers: str) -> httpx.Client:
        """Return a client that reaches the server through TLS, with a certificate or without."""
        front = TlsFront(self.ports, certificate=certificate)
        return httpx.Client(transport=front, base_url=self.endpoint, headers=headers, timeout=20)

    def metadata(self) -> dict[str, Any]:
        """Return what discovery says now."""
        answer = self.http.get(f"{self.issuer}/.well-known/openid-configuration")
        assert answer.status_code == 200
        document: dict[str, Any] = answer.json()
        return document

    def jwks(self) -> dict[str, Any]:
        """Return the published keys."""
        document: dict[str, Any] = self.http.get(self.metadata()["jwks_uri"]).json()
        return document

    def manage(self, method: str, path: str, **body: Any) -> Any:
        """Call the management API as the operator."""
        answer = self._management.request(method, path, json=body or None)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.json() if is_json else None

    def register(
        self,
        type_: str = "Traditional",
        *,
        redirect_uris: tuple[str, ...] = (CALLBACK, SECOND_CALLBACK),
        post_logout_redirect_uris: tuple[str, ...] = (SIGNED_OUT,),
        custom: Mapping[str, Any] | None = None,
        is_third_party: bool = False,
        **metadata: Any,
    ) -> Registration:
        """Register a client; `metadata` holds members of oidcClientMetadata."""
        created = self.manage(
            "POST",
            "/api/applications",
            name=f"Conformance {next(self._numbers)}",
            type=type_,
            isThirdParty=is_third_party,
            oidcClientMetadata={
                "redirectUris": list(redirect_uris),
                "postLogoutRedirectUris": list(post_logout_redirect_uris),
                **metadata,
            },
            customClientMetadata=dict(custom or {}),
        )
        if is_third_party:
            ceiling = f"/api/applications/{created['id']}/user-consent-scopes"
            self.manage("POST", ceiling, userScopes=["profile", "email"])
        secret = ""
        if type_ in {"Traditional", "MachineToMachine"}:
            secret = self.manage("GET", f"/api/applications/{created['id']}/secrets")[0]["value"]
        return Registration(created["id"], secret, redirect_uris[0], metadata)

    def let_pass(self, table: str, *, seconds: int) -> None:
        """Let what is stored in a table be older, as if that time had passed."""
        with contextlib.closing(self._database()) as database, database:
            database.execute(f"UPDATE {table} SET expires_at = expires_at - ?", (seconds * 1000,))

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.server.directory / "data" / "doorward.sqlite", timeout=10)

    def add_account(self, username: str) -> Account:
        """Create somebody of whom every standard claim is known."""
        number = next(self._numbers)
        created = self.manage(
            "POST",
            "/api/users",
            username=username,
            password=PASSWORD,
            name="Ada Lovelace",
            avatar="https://ada.example/portrait.png",
            primaryEmail=f"{username}@mail.example",
            primaryPhone=f"4420791{number:05}",
            profile=PROFILE,
        )
        return Account(created["id"], username)


@contextlib.contextmanager
def running_provider(directory: Path, **settings: str) -> Iterator[Provider]:
    """Run a server under an https issuer until the block ends."""
    authority = Authority()
    directory.mkdir(parents=True, exist_ok=True)
    authorities = directory / "authorities.pem"
    authorities.write_text(authority.certificate)
    server = Server(
        directory=directory,
        settings={
            "DOORWARD_ENDPOINT": f"https://{HOST}",
            "DOORWARD_ADMIN_ENDPOINT": f"https://{ADMIN_HOST}",
            "DOORWARD_TRUSTED_PROXIES": "127.0.0.1/32",
            "DOORWARD_CLIENT_CERTIFICATE_HEADER": CERTIFICATE_HEADER,
            "DOORWARD_CLIENT_CERTIFICATE_AUTHORITIES": str(authorities),
            "DOORWARD_ALLOW_PRIVATE_ADDRESSES": "true",
            # What the server fetches from clients is at addresses that this authority vouches for.
            "SSL_CERT_FILE": str(authorities),
            **settings,
        },
        port=free_port(),
        admin_port=free_port(),
    )
    server.start()
    try:
        yield Provider(server, authority)
    finally:
        if server.process is not None:
            server.kill()
