"""What the OpenID Foundation's suite is given works: the server, its TLS, the configurations."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.suite.front import serve
from tests.conformance.suite.target import Bench, Target, running_target
from tests.support.ports import free_port

EXPECTED = [
    "fapi2-private-key-jwt-dpop.json",
    "fapi2-private-key-jwt-mtls.json",
    "fapi2-tls-client-auth-dpop.json",
    "fapi2-tls-client-auth-mtls.json",
    "oidcc-dynamic.json",
    "oidcc.json",
]


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A bench on this machine."""
    return Bench(host="localhost", port=free_port())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("target")


@pytest.fixture(scope="module")
def target(folder: Path, bench: Bench) -> Iterator[Target]:
    """The server, with TLS in front of it."""
    with running_target(folder, bench) as target:
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(
            serve(
                host=bench.host,
                port=bench.port,
                behind=target.port,
                authorities=folder / "authorities.pem",
            )
        )
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield target
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def configurations(target: Target, folder: Path) -> dict[str, dict[str, Any]]:
    """The files by name."""
    return {path.name: json.loads(path.read_text()) for path in target.write(folder / "output")}


class TestTarget:
    def test_every_configuration_is_written(
        self, configurations: dict[str, dict[str, Any]], bench: Bench
    ) -> None:
        assert sorted(configurations) == EXPECTED
        for configuration in configurations.values():
            assert "${" not in json.dumps(configuration)
            assert configuration["alias"] == "doorward"

    def test_discovery_over_tls(self, configurations: dict[str, dict[str, Any]]) -> None:
        for configuration in configurations.values():
            url = configuration["server"]["discoveryUrl"]
            metadata = httpx.get(url, verify=False).json()
            assert url == f"{metadata['issuer']}/.well-known/openid-configuration"

    def test_clients_are_known(
        self, configurations: dict[str, dict[str, Any]], bench: Bench
    ) -> None:
        """Each client of each file gets as far as the sign-in page with the suite's address."""
        for name, configuration in configurations.items():
            for member in ("client", "client2", "client_secret_post"):
                client_id = configuration.get(member, {}).get("client_id")
                if client_id is None or name.startswith("fapi2"):
                    continue
                for response_type in ("code", "code id_token token"):
                    params = {
                        "client_id": client_id,
                        "redirect_uri": f"{bench.here}/callback",
                        "response_type": response_type,
                        "scope": "openid",
                        "nonce": "n",
                    }
                    url = f"{bench.endpoint}/oidc/auth"
                    answer = httpx.get(url, params=params, verify=False)
                    assert answer.headers["location"].startswith("/sign-in"), answer.text

    def test_certificates_reach_the_server(
        self, configurations: dict[str, dict[str, Any]], bench: Bench, tmp_path: Path
    ) -> None:
        """tls_client_auth through the front, with the key and certificate of the file."""
        configuration = configurations["fapi2-tls-client-auth-mtls.json"]
        pem = tmp_path / "client.pem"
        pem.write_text(configuration["mtls"]["key"] + configuration["mtls"]["cert"])
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        anonymous = context
        known = ssl.create_default_context()
        known.check_hostname, known.verify_mode = False, ssl.CERT_NONE
        known.load_cert_chain(pem)
        form = {
            "client_id": configuration["client"]["client_id"],
            "redirect_uri": f"{bench.here}/callback",
            "response_type": "code",
            "scope": "openid",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }

        answers = [
            httpx.post(f"{bench.endpoint}/oidc/request", data=form, verify=each)
            for each in (anonymous, known)
        ]

        assert [answer.status_code for answer in answers] == [401, 201], answers[1].text
