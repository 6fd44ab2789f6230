"""What the database holds, so that a test can tell that a refusal changed nothing."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3

from tests.support.server import Server

# What has to outlive a refusal: the record of it, and the count of failures.
EXPECTED_TO_CHANGE = {"audit_logs", "failed_attempts"}


def fingerprint(server: Server) -> dict[str, str]:
    """Return a hash of the rows of each table of a server on SQLite."""
    path = server.directory / "data" / "doorward.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {
            name: hashlib.sha256(
                "\n".join(
                    sorted(repr(row) for row in database.execute(f"SELECT * FROM {name}"))
                ).encode()
            ).hexdigest()
            for name in sorted(names)
            if name not in EXPECTED_TO_CHANGE and not name.startswith("sqlite_")
        }
