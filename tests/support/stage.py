"""A running server for tests that want one and do not care how it came to be.

It is forked from a process that has imported Doorward, and begins on a migrated database: both are
a second saved, on each of a hundred starts. Tests of starting itself use `running_server`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.databases import Kind, fresh_database
from tests.support.server import Server, running_server


@contextlib.contextmanager
def ready_server(
    kind: Kind, *, run: Path, directory: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server on a database of `kind`; `run` is a folder that all workers share."""
    data = directory / "data"
    data.mkdir(mode=0o700, parents=True)
    with (
        fresh_database(kind, run=run, directory=data) as url,
        running_server(directory, database_url=url, settings=settings, is_warm=True) as server,
    ):
        yield server
