"""Userinfo, and introspection of an opaque access token."""

from __future__ import annotations

from benchmarks.harness import Figure, Options, alternate, medians, ratio
from benchmarks.workbench import workbench


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "userinfo": lambda: bench.userinfo(options).rate,
                "introspection": lambda: bench.introspection(options).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name=f"{name} / client_credentials",
            value=ratio(taken, name, "client_credentials"),
            target=1.2,
            detail=medians(taken),
        )
        for name in ("userinfo", "introspection")
    ]
