"""What PostgreSQL keeps of the SQLite figures: two servers, one for each, loaded in turn.

PostgreSQL itself runs on the load core, as it would run on another machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.harness import Figure, Load, Options, alternate, medians, ratio
from benchmarks.workbench import Workbench, postgres_database, workbench

REQUESTS: dict[str, Callable[[Workbench, Options], Load]] = {
    "client_credentials": Workbench.client_credentials,
    "refresh_token": Workbench.refresh_token,
    "userinfo": Workbench.userinfo,
    "introspection": Workbench.introspection,
    "discovery": Workbench.discovery,
    "jwks": Workbench.jwks,
}


def measure(options: Options) -> list[Figure]:
    # Twelve loads a round: half the time of a run keeps the whole figure near two minutes.
    options = replace(options, seconds=options.seconds / 2)
    with (
        postgres_database() as url,
        workbench() as sqlite,
        workbench(database_url=url) as postgres,
    ):
        for bench in (sqlite, postgres):
            bench.issue_refresh_tokens((options.rounds + 2) * options.connections)
        return [_compare(name, sqlite, postgres, options) for name in REQUESTS]


def _compare(name: str, sqlite: Workbench, postgres: Workbench, options: Options) -> Figure:
    request = REQUESTS[name]
    taken = alternate(
        {
            "sqlite": lambda: request(sqlite, options).rate,
            "postgresql": lambda: request(postgres, options).rate,
        },
        rounds=options.rounds,
    )
    return Figure(
        name=f"{name}, PostgreSQL / SQLite",
        value=ratio(taken, "postgresql", "sqlite"),
        target=0.5,
        detail=medians(taken),
    )
