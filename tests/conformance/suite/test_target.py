"""What the OpenID Foundation's suite is given works: server, TLS, files, and the command."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.conformance.plans import list_runs
from tests.conformance.suite.target import Bench, Configurations, Target
from tests.support.ports import free_port

EXPECTED = [
    "fapi2-mtls-dpop.json",
    "fapi2-mtls-mtls.json",
    "fapi2-private-key-jwt-dpop.json",
    "fapi2-private-key-jwt-mtls.json",
    "fapi2-signed-mtls-dpop.json",
    "fapi2-signed-mtls-mtls.json",
    "fapi2-signed-private-key-jwt-dpop.json",
    "fapi2-signed-private-key-jwt-mtls.json",
    "oidcc-dynamic.json",
    "oidcc.json",
]


class TestBench:
    def test_addresses(self) -> None:
        """Those that browsers write, since the configurations compare them as text."""
        usual = Bench()
        public = Bench("https://www.certification.openid.net", "id.example.com", 443)

        assert usual.endpoint == "https://host.docker.internal:3443"
        assert usual.here == "https://localhost.emobix.co.uk:8443/test/a/doorward"
        assert public.endpoint == "https://id.example.com"
        assert public.here == "https://www.certification.openid.net/test/a/doorward"
        assert (usual.is_suite_self_signed, public.is_suite_self_signed) == (True, False)


class TestTarget:
    def test_every_configuration_is_written(self, configurations: Configurations) -> None:
        assert sorted(configurations) == EXPECTED
        for configuration in configurations.values():
            assert configuration["alias"] == "doorward"

    def test_overrides_are_of_modules_of_the_plans(self, configurations: Configurations) -> None:
        modules = {run.module for run in list_runs()}

        for configuration in configurations.values():
            assert configuration["override"].keys() <= modules

    def test_discovery_over_tls(self, configurations: Configurations) -> None:
        for configuration in configurations.values():
            url = configuration["server"]["discoveryUrl"]
            metadata = httpx.get(url, verify=False).json()
            assert url == f"{metadata['issuer']}/.well-known/openid-configuration"

    @pytest.mark.parametrize(
        ("version", "ciphers", "is_taken"),
        [
            (ssl.TLSVersion.TLSv1_3, "DEFAULT", True),
            (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384", True),
            (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256", False),
            (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305", False),
            (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False),
        ],
    )
    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
    def test_versions_and_ciphers(
        self,
        target: Target,
        bench: Bench,
        version: ssl.TLSVersion,
        ciphers: str,
        is_taken: bool,
    ) -> None:
        """FAPI 2.0 Security Profile section 5.2.2, which the suite looks at, too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers(ciphers)
        context.minimum_version = context.maximum_version = version

        with socket.create_connection((bench.host, bench.port), timeout=10) as connection:
            try:
                context.wrap_socket(connection).close()
            except (ssl.SSLError, ConnectionError):
                assert not is_taken
            else:
                assert is_taken

    def test_the_console_is_out_of_reach(self, target: Target, bench: Bench) -> None:
        """Whoever reaches the bench could else become the first administrator."""
        console = {"host": f"console.{bench.host}:{bench.port}"}

        answer = httpx.get(
            f"{bench.endpoint}/oidc/.well-known/openid-configuration", headers=console, verify=False
        )

        assert answer.json()["issuer"] == f"{bench.endpoint}/oidc"

    @pytest.mark.parametrize("constraint", ["dpop", "mtls"])
    def test_certificates_reach_the_server(
        self, configurations: Configurations, bench: Bench, tmp_path: Path, constraint: str
    ) -> None:
        """tls_client_auth through the front, with the keys and certificates of the file."""
        configuration = configurations[f"fapi2-mtls-{constraint}.json"]
        for number in ("", "2"):
            pem = tmp_path / f"client{number}.pem"
            held = configuration[f"mtls{number}"]
            pem.write_text(held["key"] + held["cert"])
            known, anonymous = ssl.create_default_context(), ssl.create_default_context()
            for context in (known, anonymous):
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            known.load_cert_chain(pem)
            form = {
                "client_id": configuration[f"client{number}"]["client_id"],
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

    def test_keys_rotate_for_the_operator(self, target: Target, bench: Bench) -> None:
        def kids() -> set[str]:
            keys = httpx.get(f"{bench.endpoint}/oidc/jwks", verify=False).json()["keys"]
            return {key["kid"] for key in keys}

        before = kids()
        target.rotate_keys()

        assert kids() > before

    def test_the_command_serves_until_it_is_told_to_end(self, tmp_path: Path) -> None:
        """Enter rotates the keys; SIGTERM ends the server that it started, too."""
        port = free_port()
        command = [sys.executable, "-m", "tests.conformance.suite", "--host", "localhost"]
        command += ["--port", str(port), "--output", str(tmp_path)]
        keyboard, terminal = os.openpty()
        process = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, text=True)
        too_long = threading.Timer(60, process.terminate)
        too_long.start()
        assert process.stdout is not None
        with process.stdout as lines:
            url = f"https://localhost:{port}/oidc/.well-known/openid-configuration"
            said = next(line for line in lines if line.startswith("https://"))
            answer = httpx.get(url, verify=False)
            os.write(keyboard, b"\n")
            is_rotated = any(line == "The keys are rotated.\n" for line in lines)
            process.terminate()
            code = process.wait(timeout=20)
        too_long.cancel()
        os.close(keyboard)
        os.close(terminal)

        assert (said, answer.status_code, code) == (f"{url}\n", 200, 0)
        assert is_rotated
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, verify=False)
