"""The two servers that Doorward is compared with, each serving client_credentials."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.harness import (
    HERE,
    BenchmarkError,
    Load,
    Options,
    form_headers,
    free_port,
    running,
    wrk,
)

CLIENT_ID = "benchmarkclient000001"
CLIENT_SECRET = "a-secret-of-thirty-two-characters"
RESOURCE = "https://benchmark.example/api"
SCOPE = "read:books"

BODY = urlencode(
    {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "resource": RESOURCE,
        "scope": SCOPE,
    }
)


@contextlib.contextmanager
def floor(directory: Path) -> Iterator[str]:
    """The floor; yields the address of its token endpoint."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/token"
    argv = [sys.executable, "-m", "benchmarks.floor", str(port), str(directory / "floor.sqlite")]
    environment = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    with running(argv, ready_url=address, environment=environment):
        yield address


@contextlib.contextmanager
def oidc_provider() -> Iterator[str]:
    """npm oidc-provider, installed from its lock file when missing; yields its token endpoint."""
    folder = HERE / "reference"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise BenchmarkError("the reference needs Node: apt-get install nodejs npm")
    if not (folder / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)

    port = free_port()
    address = f"http://127.0.0.1:{port}/token"
    environment = {
        "NODE_ENV": "production",
        "PORT": str(port),
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
        "RESOURCE": RESOURCE,
        "SCOPE": SCOPE,
    }
    argv = ["node", str(folder / "server.js")]
    with running(argv, ready_url=address, environment=environment):
        yield address


def fetch_token(address: str, options: Options) -> Load:
    """One run of client_credentials against either reference."""
    return wrk(address, options=options, method="POST", body=BODY, headers=form_headers())
