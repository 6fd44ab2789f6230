"""A Doorward server pinned to its core, with the applications, users and tokens a figure needs.

The server is the one that the tests start (`tests.support.server`), with its own defaults for
password hashing in place of the tests' cheap ones.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.harness import (
    LOAD_CORE,
    SERVER_CORE,
    Load,
    Options,
    form_headers,
    on_cores,
    scratch_directory,
    wrk,
)
from doorward.users.passwords import NICENESS
from tests.support.bookstore import RESOURCE, RESOURCE_SCOPE, Bookstore, open_bookstore
from tests.support.pages import Visitor
from tests.support.postgres import PostgresCluster
from tests.support.server import Server

USERS = 64
SETTINGS = {
    "DOORWARD_PASSWORD_HASH_MEMORY": "19456",
    "DOORWARD_PASSWORD_HASH_TIME": "2",
    "DOORWARD_PASSWORD_HASH_PARALLELISM": "1",
    "DOORWARD_WORKERS": "1",
}


@dataclass(frozen=True)
class Workbench:
    """A running server and its Bookstore. Each method of one load is one run of it."""

    server: Server
    bookstore: Bookstore
    access_token: str

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self.server.process is not None
        return self.server.process

    @property
    def origin(self) -> str:
        """Where the load goes: an address, so that no time is spent on finding it."""
        return f"http://127.0.0.1:{self.server.port}"

    def audit_entries(self) -> int:
        """How many entries the audit log has on disk (SQLite)."""
        path = self.server.directory / "data" / "doorward.sqlite"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            count: int = database.execute("SELECT count(*) FROM audit_logs").fetchone()[0]
        return count

    @property
    def tokens_file(self) -> Path:
        return self.server.directory / "refresh-tokens"

    @property
    def machine_form(self) -> str:
        """The body of a client_credentials request."""
        return urlencode(
            {
                "grant_type": "client_credentials",
                **self.bookstore.machine.credentials,
                "resource": RESOURCE,
                "scope": RESOURCE_SCOPE,
            }
        )

    def client_credentials(self, options: Options, *, seconds: float | None = None) -> Load:
        return self.post("/oidc/token", self.machine_form, options, seconds=seconds)

    def refresh_token(self, options: Options) -> Load:
        """One run of rotations; needs `issue_refresh_tokens`, and loses a few tokens each time."""
        body = {"grant_type": "refresh_token", **self.bookstore.native.credentials}
        return wrk(
            f"{self.origin}/oidc/token",
            options=options,
            body=urlencode(body),
            headers=self.headers,
            script="rotate.lua",
            tokens_file=self.tokens_file,
        )

    def userinfo(self, options: Options) -> Load:
        headers = {**self.headers, "Authorization": f"Bearer {self.access_token}"}
        return wrk(f"{self.origin}/oidc/me", options=options, headers=headers)

    def introspection(self, options: Options) -> Load:
        body = {"token": self.access_token, **self.bookstore.web.credentials}
        return self.post("/oidc/token/introspection", urlencode(body), options)

    def discovery(self, options: Options) -> Load:
        path = "/oidc/.well-known/openid-configuration"
        return wrk(f"{self.origin}{path}", options=options, headers=self.headers)

    def jwks(self, options: Options) -> Load:
        return wrk(f"{self.origin}/oidc/jwks", options=options, headers=self.headers)

    def sign_in(self, *, user: int) -> None:
        """A whole sign-in with a password, by somebody new to this browser, up to userinfo."""
        with Visitor() as visitor:
            tokens = self.bookstore.sign_in(visitor, self.bookstore.web, user=user % USERS)
            answer = visitor.client.get(
                f"{self.bookstore.issuer}/me",
                headers={"authorization": f"Bearer {tokens['access_token']}"},
            )
        assert answer.status_code == 200, answer.text

    def issue_refresh_tokens(self, count: int) -> None:
        """Write `count` refresh tokens to the file that `refresh_token` lives on.

        Each comes from a sign-in of its own, of which all but the first of a user need no password.
        """
        tokens = []
        per_user = -(-count // 8)
        for user in range(8):
            with Visitor() as visitor:
                for _ in range(per_user):
                    answer = self.bookstore.sign_in(visitor, self.bookstore.native, user=user)
                    tokens.append(answer["refresh_token"])
        self.tokens_file.write_text("".join(f"{token}\n" for token in tokens))

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        # The tenant is found by host and port, so the load names the server as its users do.
        return {**form_headers(), "Host": self.server.endpoint.removeprefix("http://")}

    def post(self, path: str, body: str, options: Options, *, seconds: float | None = None) -> Load:
        """One run of a form that is the same in each request."""
        return wrk(
            f"{self.origin}{path}",
            options=options,
            method="POST",
            body=body,
            headers=self.headers,
            seconds=seconds,
        )


@contextlib.contextmanager
def workbench(*, database_url: str = "") -> Iterator[Workbench]:
    """A running server on an empty database (SQLite unless `database_url`), ready to be loaded."""
    with scratch_directory() as directory:
        server = new_server(directory, database_url=database_url)
        with on_cores(SERVER_CORE):
            server.start()
        try:
            bookstore = open_bookstore(server, users=USERS)
            with Visitor() as visitor:
                tokens = bookstore.sign_in(visitor, bookstore.web)
            yield Workbench(server, bookstore, tokens["access_token"])
        finally:
            if server.process is not None and server.process.poll() is None:
                server.kill()


def new_server(directory: Path, *, database_url: str = "") -> Server:
    """A server that is not started yet, with the settings that the figures are promised for."""
    return Server(directory=directory, database_url=database_url, settings=SETTINGS)


@contextlib.contextmanager
def postgres_database() -> Iterator[str]:
    """A database of a PostgreSQL that keeps what it acknowledges (fsync on), on the load core."""
    with on_cores(LOAD_CORE), PostgresCluster.start(fsync=True) as cluster:
        yield cluster.create_database("doorward")


def cpu_seconds(pid: int) -> tuple[float, float]:
    """Processor time that the group of `pid` has used so far: of password hashing, of all else.

    The threads that hash passwords are known by their priority; they do nothing else.
    """
    hashing = other = 0
    for member in group_members(pid):
        for thread in Path(f"/proc/{member}/task").iterdir():
            fields = (thread / "stat").read_text().rpartition(")")[2].split()
            # utime and stime are fields 14 and 15 of proc(5), nice is field 19.
            ticks, nice = int(fields[11]) + int(fields[12]), int(fields[16])
            hashing, other = (
                (hashing + ticks, other) if nice == NICENESS else (hashing, other + ticks)
            )
    per_second = os.sysconf("SC_CLK_TCK")
    return hashing / per_second, other / per_second


def memory_of_group(pid: int) -> float:
    """Megabytes of all processes of the server: their shares of shared pages are added (PSS)."""
    kilobytes = 0
    for member in group_members(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024 / 1e6


def group_members(pid: int) -> list[int]:
    """The processes of the group that `pid` leads."""
    members = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if os.getpgid(int(entry.name)) == pid:
                members.append(int(entry.name))
    return members
