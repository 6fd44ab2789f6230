"""Two nodes on one PostgreSQL against one: does the second bring what the first did?

Each node gets the same small share of a core of its own, so that the nodes are what is scarce, as
they are where each has its own machine. PostgreSQL and the load share the other core.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.harness import (
    SERVER_CORE,
    Figure,
    Options,
    alternate,
    limited,
    medians,
    on_cores,
    ratio,
    scratch_directory,
)
from benchmarks.workbench import Workbench, group_members, new_server, postgres_database, workbench
from tests.support.server import Server

SHARE = 0.25
"""Of a core, for each node."""


def measure(options: Options) -> list[Figure]:
    with postgres_database() as url, workbench(database_url=url) as first, _second(first) as second:
        shares = [limited(group_members(node.process.pid), cores=SHARE) for node in (first, second)]
        with shares[0], shares[1]:
            taken = alternate(
                {
                    "one": lambda: first.client_credentials(options).rate,
                    "other": lambda: second.client_credentials(options).rate,
                    "both": lambda: _both(first, second, options),
                },
                rounds=options.rounds,
            )
    return [
        Figure(
            name="client_credentials, two nodes / one",
            value=ratio(taken, "both", "one"),
            target=1.8,
            detail=medians(taken),
        )
    ]


def _both(first: Workbench, second: Workbench, options: Options) -> float:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(node.client_credentials, options) for node in (first, second)]
        return sum(run.result().rate for run in runs)


@contextlib.contextmanager
def _second(first: Workbench) -> Iterator[Workbench]:
    """Another node of the same installation: its database, its master key, its addresses."""
    with scratch_directory() as directory:
        plain = new_server(directory, database_url=first.server.database_url)
        key = (first.server.directory / "data" / "secret.key").read_text().strip()
        settings = {
            "DOORWARD_ENDPOINT": first.server.endpoint,
            "DOORWARD_ADMIN_ENDPOINT": first.server.admin_endpoint,
            "DOORWARD_SECRET_KEY": key,
        }
        server: Server = replace(plain, settings={**plain.settings, **settings})
        with on_cores(SERVER_CORE):
            server.start()
        try:
            yield replace(first, server=server)
        finally:
            if server.process is not None and server.process.poll() is None:
                server.kill()
