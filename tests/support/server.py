"""Doorward as its users start it: a program of its own, on free ports, with a folder of its own.

with running_server(tmp_path) as server:
    httpx.get(f"{server.endpoint}/healthz")
    server.kill()           # as a loss of power would
    server.start()          # the same ports, the same data
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.warm import WarmProcess, start_warm

START_TIMEOUT = 30.0
STOP_TIMEOUT = 30.0
# Hashing as cheap as argon2 allows: tests sign in often, and none of them guesses passwords.
CHEAP_HASHING = {"DOORWARD_PASSWORD_HASH_MEMORY": "8192", "DOORWARD_PASSWORD_HASH_TIME": "1"}
# No test may ask anybody outside this machine.
OFFLINE = {"DOORWARD_PWNED_PASSWORDS_URL": ""}


class ServerError(Exception):
    """The server did not start, or not in time. The message ends with its log."""


@dataclass
class Server:
    """One server, which may be stopped, killed and started again. Made by `running_server`.

    A warm one, and each of its commands, is forked from a process that has imported Doorward.
    """

    directory: Path
    database_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    is_warm: bool = False
    process: subprocess.Popen[bytes] | WarmProcess | None = None

    @property
    def endpoint(self) -> str:
        """Origin of the tenant `default`, as DOORWARD_ENDPOINT says it."""
        return self.settings.get("DOORWARD_ENDPOINT", f"http://localhost:{self.port}")

    @property
    def admin_endpoint(self) -> str:
        """Origin of the tenant `admin` and of the console."""
        return self.settings.get("DOORWARD_ADMIN_ENDPOINT", f"http://localhost:{self.admin_port}")

    @property
    def issuer(self) -> str:
        """Issuer of the tenant `default`."""
        return f"{self.endpoint}/oidc"

    @property
    def log_path(self) -> Path:
        """The file that everything the server prints goes to."""
        return self.directory / "server.log"

    @property
    def log(self) -> str:
        """What the server has printed so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which this server and its commands run."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith("DOORWARD_")}
        own = {
            "DOORWARD_DATA_DIR": str(self.directory / "data"),
            "DOORWARD_PORT": str(self.port),
            "DOORWARD_ADMIN_PORT": str(self.admin_port),
        }
        if self.database_url:
            own["DOORWARD_DATABASE_URL"] = self.database_url
        return inherited | CHEAP_HASHING | OFFLINE | own | dict(self.settings)

    def start(self) -> None:
        """Start it and wait until both endpoints are ready.

        Raises:
            ServerError: it ended, or was not ready in time.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process = self._start_warm() if self.is_warm else self._start_cold()
        self._await_ready()

    def _start_warm(self) -> WarmProcess:
        return start_warm(["up"], environment=self.environment, output=self.log_path)

    def _start_cold(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "doorward", "up"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and return its exit code."""
        process = self._running()
        process.terminate()
        code = process.wait(timeout=STOP_TIMEOUT)
        self.process = None
        return code

    def kill(self) -> None:
        """End it and its workers without a word (SIGKILL), as a loss of power would."""
        process = self._running()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=STOP_TIMEOUT)
        self.process = None

    def command(self, *arguments: str) -> str:
        """Run `doorward <arguments>` with this server's settings; return what it prints.

        Raises:
            ServerError: the command failed.
        """
        run = self._run_warm if self.is_warm else self._run_cold
        code, printed, errors = run(arguments)
        if code:
            raise ServerError(f"doorward {' '.join(arguments)}: {printed}{errors}")
        return printed.strip()

    def _run_warm(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        with tempfile.NamedTemporaryFile("r", dir=self.directory) as output:
            process = start_warm(arguments, environment=self.environment, output=Path(output.name))
            return process.wait(STOP_TIMEOUT), output.read(), ""

    def _run_cold(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        result = subprocess.run(
            [sys.executable, "-m", "doorward", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=STOP_TIMEOUT,
        )
        return result.returncode, result.stdout, result.stderr

    def _running(self) -> subprocess.Popen[bytes] | WarmProcess:
        if self.process is None:
            raise ServerError("the server is not running")
        return self.process

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        process = self._running()
        waiting = [f"http://127.0.0.1:{port}/readyz" for port in (self.port, self.admin_port)]
        with httpx.Client(timeout=5, verify=False) as client:
            while waiting and time.monotonic() < deadline and process.poll() is None:
                with contextlib.suppress(httpx.TransportError):
                    if client.get(waiting[0]).status_code == 200:
                        waiting.pop(0)
                        continue
                time.sleep(0.02)
        if waiting:
            how = "was not ready in time" if process.poll() is None else "ended"
            if process.poll() is None:
                self.kill()
            raise ServerError(f"the server {how}\n{self.log[-4000:]}")


@contextlib.contextmanager
def running_server(
    directory: Path,
    *,
    database_url: str = "",
    settings: Mapping[str, str] | None = None,
    is_warm: bool = False,
) -> Iterator[Server]:
    """Run a server whose data is kept under `directory` until the block ends.

    `settings` are DOORWARD_* variables besides those that the ports, folder and database need.
    """
    server = Server(
        directory=directory, database_url=database_url, settings=settings or {}, is_warm=is_warm
    )
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
