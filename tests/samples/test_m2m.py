"""samples/m2m, a program that manages the server in its own name."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.samples.programs import SAMPLES
from tests.support.bookstore import Application, open_bookstore
from tests.support.management import management_api
from tests.support.server import Server


def run(server: Server, application: Application) -> subprocess.CompletedProcess[str]:
    own = {
        "LOGTO_ENDPOINT": server.endpoint,
        "LOGTO_APP_ID": application.id,
        "LOGTO_APP_SECRET": application.secret,
    }
    return subprocess.run(
        [sys.executable, "main.py"],
        cwd=SAMPLES / "m2m",
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_lists_applications_and_users(server: Server) -> None:
    """With the role for the management API it sees everything; without, it says what is missing."""
    bookstore = open_bookstore(server)

    before = run(server, bookstore.machine)
    with management_api(server) as api:
        roles = {role["name"]: role["id"] for role in api.get("/api/roles").json()}
        role = roles["Logto Management API access"]
        path = f"/api/roles/{role}/applications"
        api.post(path, json={"applicationIds": [bookstore.machine.id]}).raise_for_status()
    after = run(server, bookstore.machine)

    assert before.returncode == 1
    assert "give it a role" in before.stderr
    assert after.returncode == 0, after.stderr
    assert f"  {bookstore.machine.id}  MachineToMachine    Books robot\n" in after.stdout
    assert after.stdout.rstrip().endswith("reader0")
