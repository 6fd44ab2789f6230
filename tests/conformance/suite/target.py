"""A server that is ready to be tested by the suite: clients, a person, configurations.

with running_target(folder, bench) as target:
    target.write(output)        # one file for each way to run a plan
    target.rotate_keys()
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.conformance.authority import Authority
from tests.conformance.fapi import new_key
from tests.conformance.provider import Provider
from tests.conformance.suite.configurations import Configuration, Writer
from tests.conformance.tls_front import CERTIFICATE_HEADER
from tests.support.server import Server

Configurations = dict[str, Configuration]
# Of a suite on this machine only: who registers clients tells the server whom to call.
_NEARBY = {
    "DOORWARD_ALLOW_PRIVATE_ADDRESSES": "true",
    "PYTHONPATH": str(Path(__file__).parent / "trust"),
}
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
        # As browsers write it, whose addresses the configurations match.
        return f"https://{self.host}" + ("" if self.port == 443 else f":{self.port}")

    @property
    def is_suite_self_signed(self) -> bool:
        """Whether the suite's certificate proves nothing: that of a suite in Docker on this
        machine, which listens on a port of its own, does not even bear its name."""
        return urlsplit(self.suite).port is not None

    @property
    def here(self) -> str:
        """The address at which the suite plays the client."""
        return f"{self.suite}/test/a/{self.alias}"


class Target:
    """A running server with the clients that the plans ask for."""

    def __init__(self, provider: Provider, bench: Bench) -> None:
        self.provider = provider
        self._bench = bench
        self.port = provider.server.port
        self.account = provider.add_account("ada")
        writer = Writer(
            endpoint=bench.endpoint,
            here=bench.here,
            alias=bench.alias,
            username=self.account.username,
            password=self.account.password,
        )
        clients = {name: self._client() for name in ("client", "client2", "client_secret_post")}
        self.configurations: Configurations = {
            "oidcc": writer.oidcc(**clients),
            "oidcc-dynamic": writer.dynamic(),
        }
        for is_signed, method, constraint in itertools.product(
            (False, True), ("private_key_jwt", "mtls"), ("dpop", "mtls")
        ):
            kind = "fapi2-signed" if is_signed else "fapi2"
            name = f"{kind}-{method}-{constraint}".replace("_", "-")
            usual = self._fapi_clients(method, constraint, is_signed=is_signed)
            refusing = self._fapi_clients(
                method, constraint, is_signed=is_signed, is_third_party=True
            )
            self.configurations[name] = writer.fapi(refusing=refusing, **usual)
        provider.manage("PATCH", "/api/configs/client-registration", mode="open")

    def write(self, folder: Path) -> list[Path]:
        """Write the configurations; return where."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, configuration in self.configurations.items():
            path = folder / f"{name}.json"
            path.write_text(json.dumps(configuration, indent=2) + "\n")
            written.append(path)
        return written

    def rotate_keys(self) -> None:
        """Sign with a new key from now on, which one module asks the operator for."""
        path = "/api/configs/oidc/private-keys/rotate"
        self.provider.manage("POST", path, signingKeyAlgorithm="EC")

    def _register(self, **more: Any) -> tuple[str, str]:
        here = self._bench.here
        registration = self.provider.register(
            redirect_uris=(f"{here}/callback", f"{here}/callback?dummy1=lorem&dummy2=ipsum"),
            post_logout_redirect_uris=(f"{here}/post_logout_redirect",),
            **more,
        )
        return registration.client_id, registration.client_secret

    def _client(self) -> dict[str, str]:
        client_id, secret = self._register(
            responseTypes=list(RESPONSE_TYPES),
            backchannelLogoutUri=f"{self._bench.here}/backchannel_logout",
            backchannelLogoutSessionRequired=True,
            frontchannelLogoutUri=f"{self._bench.here}/frontchannel_logout",
            frontchannelLogoutSessionRequired=True,
        )
        return {"client_id": client_id, "client_secret": secret}

    def _fapi_clients(
        self, method: str, constraint: str, *, is_signed: bool, is_third_party: bool = False
    ) -> dict[str, Any]:
        """Return two clients with keys and certificates of their own."""
        members = {}
        for number in ("", "2"):
            key = new_key()
            metadata: dict[str, Any] = {
                "tokenEndpointAuthMethod": method,
                "jwks": {"keys": [{**key.jwk, "kid": key.kid, "use": "sig", "alg": "ES256"}]},
                "requirePushedAuthorizationRequests": True,
                "requireSignedRequestObject": is_signed,
                "dpopBoundAccessTokens": constraint == "dpop",
                "tlsClientCertificateBoundAccessTokens": constraint == "mtls",
            }
            if method == "mtls":
                metadata["tokenEndpointAuthMethod"] = "tls_client_auth"
                metadata["tlsClientAuthSubjectDn"] = f"CN={key.kid},O=Conformance"
            client_id, _ = self._register(
                custom={"requirePkce": True}, is_third_party=is_third_party, **metadata
            )
            private = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            members[f"client{number}"] = {
                "client_id": client_id,
                "scope": "openid",
                "jwks": {"keys": [key.private_jwk]},
                "dpop_signing_alg": "ES256",
            }
            members[f"mtls{number}"] = {
                "cert": self.provider.certify(key.private, name=key.kid),
                "key": private.decode(),
            }
        return members


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
            **(_NEARBY if bench.is_suite_self_signed else {}),
        },
    )
    server.start()
    try:
        yield Target(Provider(server, authority, host=urlsplit(bench.endpoint).netloc), bench)
    finally:
        if server.process is not None:
            server.kill()
