"""Starting, stopping, and being several."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.support.databases import Kind, empty_database
from tests.support.server import Server, running_server


class TestStart:
    def test_the_first_answer_comes_soon(self, tmp_path: Path) -> None:
        """Health, readiness and status answer on both ports."""
        with running_server(tmp_path) as server:
            for origin in (server.endpoint, server.admin_endpoint):
                assert httpx.get(f"{origin}/healthz").json() == {"status": "ok"}
                assert httpx.get(f"{origin}/readyz").status_code == 200
                assert httpx.get(f"{origin}/api/status").status_code == 204

    def test_a_port_in_use_is_said_clearly(self, server: Server, tmp_path: Path) -> None:
        """A second server on the same port does not share it silently."""
        second = Server(directory=tmp_path, port=server.port)

        result = subprocess.run(
            [sys.executable, "-m", "doorward", "up"],
            env=second.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )

        assert result.returncode == 1
        assert f"cannot listen on 127.0.0.1:{server.port}" in result.stderr

    def test_issuers_belong_to_their_ports(self, server: Server) -> None:
        """Each tenant has its own issuer and its own keys."""
        documents = [
            httpx.get(f"{origin}/oidc/.well-known/openid-configuration").json()
            for origin in (server.endpoint, server.admin_endpoint)
        ]
        keys = [httpx.get(document["jwks_uri"]).json() for document in documents]

        assert [d["issuer"] for d in documents] == [
            f"{server.endpoint}/oidc",
            f"{server.admin_endpoint}/oidc",
        ]
        assert keys[0] != keys[1]

    def test_an_unknown_host_is_served_by_the_port(self, server: Server) -> None:
        """Reached under another name, the port says which tenant is meant."""
        issuers = [
            httpx.get(f"http://127.0.0.1:{port}/oidc/.well-known/openid-configuration").json()[
                "issuer"
            ]
            for port in (server.port, server.admin_port)
        ]

        assert issuers == [f"{server.endpoint}/oidc", f"{server.admin_endpoint}/oidc"]

    def test_the_console_is_on_the_admin_port_alone(self, server: Server) -> None:
        """The default tenant does not have the administrator's pages."""
        assert httpx.get(f"{server.endpoint}/console").status_code == 404
        assert httpx.get(f"{server.admin_endpoint}/console").status_code in {200, 303}


class TestStop:
    def test_requests_in_flight_finish(self, tmp_path: Path) -> None:
        """A request whose body is still coming at SIGTERM gets its answer; exit status 0."""
        with (
            running_server(tmp_path) as server,
            socket.create_connection(("127.0.0.1", server.port)) as client,
        ):
            body = b"grant_type=client_credentials"
            client.sendall(
                b"POST /oidc/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)
            )
            client.sendall(body[:10])
            time.sleep(0.2)
            finish = threading.Timer(0.5, lambda: client.sendall(body[10:]))
            finish.start()

            code = server.stop()

            assert client.recv(4096).startswith(b"HTTP/1.1 4")
            assert code == 0


class TestWorkers:
    def test_several_share_ports_and_notice_each_others_changes(
        self, database_kind: Kind, tmp_path: Path
    ) -> None:
        """Three workers: a rotated key shows in every answer within a second; one may die."""
        with (
            empty_database(database_kind, directory=tmp_path) as url,
            running_server(
                tmp_path / "server", database_url=url, settings={"DOORWARD_WORKERS": "3"}
            ) as server,
        ):
            kid = server.command("keys", "rotate").rpartition(" ")[2]
            time.sleep(1.2)

            kids = [httpx.get(f"{server.issuer}/jwks").json()["keys"][0]["kid"] for _ in range(12)]

            assert kids == [kid] * 12
