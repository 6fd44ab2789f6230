"""A throw-away PostgreSQL cluster from the system's own package.

    with PostgresCluster.start() as cluster:          # alone, ended with the block
        url = cluster.create_database("bookstore")

    cluster = shared_cluster()                        # one for all workers of a test run

A shared cluster runs under a keeper process that ends it as soon as the test run that asked for
it is gone, however it went. `python -m tests.support.postgres` starts one for use by hand.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ports import free_port

START_TIMEOUT = 60.0
OWNER = "doorward"
# A cluster that lives for minutes loses nothing that anybody needs when the machine stops.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "jit": "off",
    "log_statement": "none",
}


class PostgresError(Exception):
    """PostgreSQL is not installed, or did what was asked of it badly."""


@dataclass(frozen=True)
class PostgresCluster:
    """A running cluster: where it listens, and how to make databases in it."""

    port: int
    directory: Path

    @classmethod
    @contextlib.contextmanager
    def start(cls, *, fsync: bool = False) -> Iterator[PostgresCluster]:
        """Run a new cluster until the block ends.

        Raises:
            PostgresError: the package is missing, or the server does not start.
        """
        directory = Path(tempfile.mkdtemp(prefix="doorward-postgres-"))
        process = None
        try:
            if os.geteuid() == 0:
                owner = pwd.getpwnam("postgres")
                os.chown(directory, owner.pw_uid, owner.pw_gid)
            _initdb(directory)
            cluster = cls(port=free_port(), directory=directory)
            process = _spawn(cluster, fsync=fsync)
            _await_ready(cluster, process)
            # Ordinary, as in production: a superuser would walk through row-level security.
            cluster.execute(f"CREATE ROLE {OWNER} LOGIN")
            yield cluster
        finally:
            if process is not None:
                _end(process)
            with contextlib.suppress(subprocess.CalledProcessError):
                cluster.stop()  # the one that was started again, if so
            shutil.rmtree(directory, ignore_errors=True)

    def stop(self) -> None:
        """Stop the server (fast shutdown), as an outage does; connections are cut."""
        self._control("stop", "-m", "fast")

    def start_again(self) -> None:
        """Start the server that `stop` stopped, on the same port with the same data."""
        options = " ".join(_options(self, fsync=False))
        # pg_ctl hands its own output to the server, which keeps it open.
        self._control("start", "-l", str(self.directory / "data" / "again.log"), "-o", options)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze every process of the server until the block ends, or until `thaw`."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.thaw()

    def thaw(self) -> None:
        """Let frozen processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        main = (self.directory / "data" / "postmaster.pid").read_text().splitlines()[0]
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in (main, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), number)

    def _control(self, *arguments: str) -> None:
        subprocess.run(
            [_program("pg_ctl"), "-D", self.directory / "data", "-w", *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.directory,
            **_as_postgres(),
        )

    def url(self, name: str) -> str:
        """Return the URL of database `name`, as DOORWARD_DATABASE_URL takes it."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{name}"

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Create database `name` as a copy of `template`; return its URL."""
        options = f"OWNER {OWNER} TEMPLATE \"{template}\" ENCODING 'UTF8'"
        self.execute(f'CREATE DATABASE "{name}" {options}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop database `name`, ending whatever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run one statement as the superuser; return what psql prints, unaligned, rows only."""
        superuser = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        result = subprocess.run(
            [_program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, superuser],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise PostgresError(f"{sql}: {result.stderr.strip()}")
        return result.stdout.strip()


def shared_cluster() -> PostgresCluster:
    """Return the cluster of this test run, starting it for the first who asks."""
    run = _run_pid()
    note = Path(tempfile.gettempdir()) / f"doorward-tests-{run}.postgres"
    with note.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (text := file.read()):
            text = _start_keeper(run, note)
            file.write(text)
    found = json.loads(text)
    return PostgresCluster(port=found["port"], directory=Path(found["directory"]))


def _run_pid() -> int:
    """The process that stands for the whole test run: under xdist, the parent of each worker."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _start_keeper(run: int, note: Path) -> str:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.postgres", "--until-gone", str(run), "--note", note],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    assert keeper.stdout is not None
    line = keeper.stdout.readline()
    keeper.stdout.close()
    # The keeper outlives this worker on purpose: it ends by itself with the run.
    keeper.returncode = 0
    if not line:
        raise PostgresError("the cluster did not start; see the error above")
    return line


def _keep(cluster: PostgresCluster, run: int) -> None:
    print(json.dumps({"port": cluster.port, "directory": str(cluster.directory)}), flush=True)
    while _is_alive(run):
        time.sleep(0.3)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _program(name: str) -> str:
    """Where the program `name` of the newest installed PostgreSQL is."""
    homes = Path("/usr/lib/postgresql").glob("*/bin")
    for home in sorted(homes, key=lambda home: int(home.parent.name), reverse=True):
        if (home / name).exists():
            return str(home / name)
    if found := shutil.which(name):
        return found
    raise PostgresError(
        f"{name} is missing: install PostgreSQL (on Debian: apt install postgresql)"
    )


def _as_postgres() -> dict[str, Any]:
    """What makes a child run as the user `postgres`: the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _initdb(directory: Path) -> None:
    # Trust is for the loopback interface alone: nothing else is listened on.
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(
        [_program("initdb"), "-D", directory / "data", *options],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=directory,
        **_as_postgres(),
    )


def _options(cluster: PostgresCluster, *, fsync: bool) -> list[str]:
    settings = {
        **SETTINGS,
        **({} if fsync else FAST),
        "listen_addresses": "127.0.0.1",
        "port": str(cluster.port),
        "unix_socket_directories": str(cluster.directory),
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _spawn(cluster: PostgresCluster, *, fsync: bool) -> subprocess.Popen[bytes]:
    log = os.open(cluster.directory / "log", os.O_CREAT | os.O_WRONLY, 0o644)
    try:
        return subprocess.Popen(
            [
                _program("postgres"),
                "-D",
                cluster.directory / "data",
                *_options(cluster, fsync=fsync),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=cluster.directory,
            **_as_postgres(),
        )
    finally:
        os.close(log)


def _await_ready(cluster: PostgresCluster, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(PostgresError):
            cluster.execute("SELECT 1")
            return
        time.sleep(0.05)
    raise PostgresError((cluster.directory / "log").read_text()[-2000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)  # its immediate shutdown
        process.wait(timeout=10)


def main() -> None:
    """Run a cluster until the process `--until-gone` is gone, or until interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--until-gone", type=int, default=os.getppid(), metavar="PID")
    parser.add_argument("--note", type=Path, help="file to remove at the end")
    parser.add_argument("--fsync", action="store_true", help="survive a loss of power")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with (
            contextlib.suppress(KeyboardInterrupt),
            PostgresCluster.start(fsync=arguments.fsync) as cluster,
        ):
            _keep(cluster, arguments.until_gone)
    finally:
        if arguments.note:
            arguments.note.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
