"""A server that is ready to be tested by the suite: clients, a person, configurations.

with running_target(folder, bench) as target:
    target.write(output)        # configurations/*.json with what is known now
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.conformance.authority import Authority
from tests.conformance.fapi import Key
from tests.conformance.provider import Provider
from tests.conformance.tls_front import CERTIFICATE_HEADER
from tests.support.server import Server

CONFIGURATIONS = Path(__file__).parent / "configurations"
RESPONSE_TYPES = (
    "code",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
)


@dataclass(frozen=True)
class Bench:
    """Where the two programs meet. `suite` is the suite's origin, `host` and `port` are those at
    which the suite and its browser reach this server; `alias` is the suite's word for the plan."""

    suite: str = "https://localhost.emobix.co.uk:8443"
    host: str = "host.docker.internal"
    port: int = 3443
    alias: str = "doorward"

    @property
    def endpoint(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def here(self) -> str:
        """The address at which the suite plays the client."""
        return f"{self.suite}/test/a/{self.alias}"


class Target:
    """A running server with the clients that the plans ask for."""

    def __init__(self, provider: Provider, bench: Bench) -> None:
        self._provider = provider
        self._bench = bench
        self.port = provider.server.port
        self.account = provider.add_account("ada")
        self.values: dict[str, str] = {
            "alias": bench.alias,
            "endpoint": bench.endpoint,
            "username": self.account.username,
            "password": self.account.password,
        }
        for name in ("client", "client2", "client_secret_post"):
            self._add_client(name)
        for name in ("fapi", "fapi2"):
            self._add_fapi_clients(name)
        provider.manage("PATCH", "/api/configs/client-registration", mode="open")

    def write(self, folder: Path) -> list[Path]:
        """Write the configurations, filled in; return where."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for path in sorted(CONFIGURATIONS.glob("*.json")):
            text = Template(path.read_text()).substitute(self.values)
            filled = folder / path.name
            filled.write_text(json.dumps(json.loads(text), indent=2) + "\n")
            written.append(filled)
        return written

    def _register(self, **metadata: Any) -> tuple[str, str]:
        here = self._bench.here
        registration = self._provider.register(
            redirect_uris=(f"{here}/callback", f"{here}/callback?dummy1=lorem&dummy2=ipsum"),
            post_logout_redirect_uris=(f"{here}/post_logout_redirect",),
            **metadata,
        )
        return registration.client_id, registration.client_secret

    def _add_client(self, name: str) -> None:
        client_id, secret = self._register(
            responseTypes=list(RESPONSE_TYPES),
            backchannelLogoutUri=f"{self._bench.here}/backchannel_logout",
            backchannelLogoutSessionRequired=True,
            frontchannelLogoutUri=f"{self._bench.here}/frontchannel_logout",
            frontchannelLogoutSessionRequired=True,
        )
        self.values |= {f"{name}_id": client_id, f"{name}_secret": secret}

    def _add_fapi_clients(self, name: str) -> None:
        """One client for each way to authenticate and to bind tokens, with one key for all."""
        key = Key(ec.generate_private_key(ec.SECP256R1()))
        certificate = self._provider.certify(key.private, name=key.kid)
        private = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.values |= {
            f"{name}_jwks": json.dumps({"keys": [key.private_jwk]}),
            f"{name}_certificate": json.dumps(certificate),
            f"{name}_key": json.dumps(private.decode()),
        }
        public = {"keys": [{**key.jwk, "kid": key.kid, "use": "sig", "alg": "ES256"}]}
        for method in ("private_key_jwt", "tls_client_auth"):
            for constraint in ("dpop", "mtls"):
                metadata: dict[str, Any] = {
                    "tokenEndpointAuthMethod": method,
                    "jwks": public,
                    "requirePushedAuthorizationRequests": True,
                    "dpopBoundAccessTokens": constraint == "dpop",
                    "tlsClientCertificateBoundAccessTokens": constraint == "mtls",
                }
                if method == "tls_client_auth":
                    metadata["tlsClientAuthSubjectDn"] = f"CN={key.kid},O=Conformance"
                client_id, _ = self._register(**metadata, custom={"requirePkce": True})
                self.values[f"{name}_{method}_{constraint}"] = client_id


@contextlib.contextmanager
def running_target(folder: Path, bench: Bench) -> Iterator[Target]:
    """Run a server for `bench` behind whatever ends TLS at its port, until the block ends."""
    authority = Authority()
    folder.mkdir(parents=True, exist_ok=True)
    authorities = folder / "authorities.pem"
    authorities.write_text(authority.certificate)
    server = Server(
        directory=folder,
        settings={
            "DOORWARD_ENDPOINT": bench.endpoint,
            "DOORWARD_ADMIN_ENDPOINT": f"https://console.{bench.host}:{bench.port}",
            "DOORWARD_TRUSTED_PROXIES": "127.0.0.1/32",
            "DOORWARD_CLIENT_CERTIFICATE_HEADER": CERTIFICATE_HEADER,
            "DOORWARD_CLIENT_CERTIFICATE_AUTHORITIES": str(authorities),
            "DOORWARD_ALLOW_PRIVATE_ADDRESSES": "true",
        },
    )
    server.start()
    try:
        yield Target(Provider(server, authority, host=f"{bench.host}:{bench.port}"), bench)
    finally:
        if server.process is not None:
            server.kill()
