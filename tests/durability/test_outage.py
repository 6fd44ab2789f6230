"""The database goes away and comes back: 503 meanwhile, and everything works again by itself.

Half a minute of it: long enough for every timeout and every pool to have given up once.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.bookstore import (
    PASSWORD,
    RESOURCE,
    RESOURCE_SCOPE,
    Bookstore,
    open_bookstore,
)
from tests.support.management import management_token
from tests.support.pages import Visitor
from tests.support.postgres import PostgresCluster
from tests.support.server import Server, running_server

OUTAGE = 30.0
RECOVERY = 10.0


class Client:
    """What an application and a load balancer ask of the server."""

    def __init__(self, server: Server, bookstore: Bookstore) -> None:
        self.server = server
        self.bookstore = bookstore
        self.http = httpx.Client(base_url=server.endpoint, timeout=40)

    def is_ready(self) -> bool:
        return self.http.get("/readyz").status_code == 200

    def is_alive(self) -> bool:
        return self.http.get("/healthz").status_code == 200

    def refresh(self, refresh_token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.http.post("/oidc/token", data=form | self.bookstore.native.credentials)

    def fetch_token(self) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "resource": RESOURCE,
            "scope": RESOURCE_SCOPE,
            **self.bookstore.machine.credentials,
        }
        return self.http.post("/oidc/token", data=form)

    def authorize(self, *, accept: str) -> httpx.Response:
        url = self.bookstore.authorization_url(self.bookstore.web)
        return self.http.get(url, headers={"accept": accept})

    def ask_everything(self, token: str, *, access_token: str) -> dict[str, httpx.Response]:
        """Ask all who need the database: the provider, the hosted pages, the APIs, the console."""
        native, web = self.bookstore.native.credentials, self.bookstore.web.credentials
        machine = {"authorization": f"Bearer {token}"}
        reader = {"authorization": f"Bearer {access_token}"}
        pushed = dict(httpx.URL(self.bookstore.authorization_url(self.bookstore.web)).params)
        device = self.bookstore.device.credentials
        html, visit = {"accept": "text/html"}, {"cookie": "_session_default=" + "A" * 43}
        post, get = self.http.post, self.http.get
        return {
            "code": post("/oidc/token", data=code_form(native)),
            "machine": self.fetch_token(),
            "introspection": post("/oidc/token/introspection", data={"token": access_token} | web),
            "revocation": post("/oidc/token/revocation", data={"token": access_token} | web),
            "pushed": post("/oidc/request", data=pushed | web),
            "device": post("/oidc/device/auth", data=device),
            "userinfo": get("/oidc/me", headers=reader),
            "authorize": self.authorize(accept="application/json"),
            "authorize page": self.authorize(accept="text/html"),
            "silent": get(str(self.silent_url()), headers=visit),
            "sign-out": get("/oidc/session/end", headers=html | visit),
            "users": get("/api/users", headers=machine),
            "new user": post("/api/users", json={"username": "late"}, headers=machine),
        }

    def silent_url(self) -> str:
        return self.bookstore.authorization_url(self.bookstore.web, prompt="none")

    def await_ready(self) -> float:
        """Wait until the server says that it is ready again; return how long it took."""
        started = time.monotonic()
        while not self.is_ready():
            assert time.monotonic() - started < RECOVERY, self.server.log[-4000:]
            time.sleep(0.05)
        return time.monotonic() - started


def check_unavailable(answer: httpx.Response) -> None:
    """RFC 9110 section 15.6.4: 503 with Retry-After; RFC 6749 section 4.1.2.1 has the word."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    if answer.url.path.startswith("/oidc") and "json" in answer.headers["content-type"]:
        assert answer.json()["error"] == "temporarily_unavailable"


def code_form(credentials: dict[str, str]) -> dict[str, str]:
    """Return an exchange of a code that nobody has."""
    return {"grant_type": "authorization_code", "code": "A" * 43} | credentials


@pytest.fixture
def cluster() -> Iterator[PostgresCluster]:
    """A cluster of this test's own, which it may stop."""
    with PostgresCluster.start() as cluster:
        yield cluster


class TestPostgresql:
    @pytest.mark.slow
    def test_stopped_and_started(self, cluster: PostgresCluster, tmp_path: Path) -> None:
        """Refused connections, then a server that is starting up, then business as usual."""
        url = cluster.create_database("outage")
        with running_server(tmp_path, database_url=url) as server:
            client = Client(server, open_bookstore(server))
            token = management_token(server)
            tokens = client.bookstore.sign_in(Visitor(), client.bookstore.native)
            kept, access_token = tokens["refresh_token"], tokens["access_token"]
            half_way = Visitor().open(client.bookstore.authorization_url(client.bookstore.web))
            process = server.process

            cluster.stop()
            away_until = time.monotonic() + OUTAGE
            while time.monotonic() < away_until:
                check_unavailable(client.refresh(kept))
                for answer in client.ask_everything(token, access_token=access_token).values():
                    check_unavailable(answer)
                check_unavailable(half_way.visitor.client.get(half_way.url))
                filled = half_way.submit({"identifier": "reader0", "password": PASSWORD})
                check_unavailable(filled.response)
                assert not client.is_ready()
                assert client.is_alive()
            cluster.start_again()
            client.await_ready()

            # Whoever was signing in goes on where they were.
            half_way = half_way.submit({"identifier": "reader0", "password": PASSWORD})
            assert "code=" in half_way.location

            # The user of a request that failed is not there; the token was not spent by requests
            # that failed, and is spent by one that succeeds.
            users = client.http.get("/api/users", headers={"authorization": f"Bearer {token}"})
            assert [user["username"] for user in users.json()] == ["reader0"]
            assert client.refresh(kept).status_code == 200
            assert client.fetch_token().status_code == 200
            assert client.bookstore.sign_in(Visitor(), client.bookstore.web)["access_token"]
            assert server.process is process
            assert "Traceback" not in server.log

    def test_revocation_is_repeated(self, cluster: PostgresCluster, tmp_path: Path) -> None:
        """RFC 7009 section 2.2.1: after 503 the client assumes that the token still exists, which
        it does, and asks again later."""
        url = cluster.create_database("outage")
        with running_server(tmp_path, database_url=url) as server:
            client = Client(server, open_bookstore(server))
            web = client.bookstore.web
            token = client.bookstore.sign_in(Visitor(), web)["access_token"]
            form = {"token": token} | web.credentials

            def is_active() -> bool:
                answer = client.http.post("/oidc/token/introspection", data=form)
                return bool(answer.json()["active"])

            cluster.stop()
            away = client.http.post("/oidc/token/revocation", data=form)
            cluster.start_again()
            client.await_ready()
            is_kept = is_active()
            back = client.http.post("/oidc/token/revocation", data=form)

            check_unavailable(away)
            assert is_kept
            assert back.status_code == 200
            assert not is_active()

    def test_frozen(self, cluster: PostgresCluster, tmp_path: Path) -> None:
        """It takes requests and does not answer: readiness says so, and what waited goes on."""
        url = cluster.create_database("outage")
        with running_server(tmp_path, database_url=url) as server:
            client = Client(server, open_bookstore(server))

            with cluster.frozen(), ThreadPoolExecutor(20) as threads:
                waiting = [threads.submit(client.fetch_token) for _ in range(20)]
                assert not client.is_ready()
                assert client.is_alive()
                cluster.thaw()
                answers = [future.result() for future in waiting]
            client.await_ready()

            for answer in answers:
                if answer.status_code != 200:
                    check_unavailable(answer)
            assert client.fetch_token().status_code == 200
            assert "Traceback" not in server.log


@contextlib.contextmanager
def locked(server: Server) -> Iterator[None]:
    """Keep the server from writing, as a careless backup does."""
    path = server.directory / "data" / "doorward.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


class TestSqlite:
    def test_locked_for_a_moment(self, tmp_path: Path) -> None:
        """Those who come meanwhile wait, and get what they came for."""
        with running_server(tmp_path) as server:
            client = Client(server, open_bookstore(server))
            kept = client.bookstore.sign_in(Visitor(), client.bookstore.native)["refresh_token"]

            with ThreadPoolExecutor(1) as threads:
                with locked(server):
                    answer = threads.submit(client.refresh, kept)
                    time.sleep(0.3)
                    assert client.is_ready()

                assert answer.result().status_code == 200

    @pytest.mark.slow
    def test_locked_for_long(self, tmp_path: Path) -> None:
        """After ten seconds 503, for all who wait at once, not for one after the other."""
        with running_server(tmp_path) as server:
            client = Client(server, open_bookstore(server))
            tokens = [
                client.bookstore.sign_in(Visitor(), client.bookstore.native)["refresh_token"]
                for _ in range(4)
            ]
            process = server.process

            with locked(server), ThreadPoolExecutor(4) as threads:
                started = time.monotonic()
                waiting = [threads.submit(client.refresh, token) for token in tokens]
                time.sleep(2)
                assert not client.is_ready()
                assert client.is_alive()
                for answer in waiting:
                    check_unavailable(answer.result())
                assert time.monotonic() - started < 15
                # Nobody waits for what is known to be away.
                while time.monotonic() - started < OUTAGE:
                    check_unavailable(client.refresh(tokens[0]))
                    assert not client.is_ready()
            client.await_ready()

            for token in tokens:
                assert client.refresh(token).status_code == 200
            assert server.process is process
            assert "Traceback" not in server.log
