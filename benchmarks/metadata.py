"""Discovery and JWKS, which every client fetches and nobody should wait for."""

from __future__ import annotations

from benchmarks.harness import Figure, Options, alternate, medians, ratio
from benchmarks.workbench import workbench


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "discovery": lambda: bench.discovery(options).rate,
                "jwks": lambda: bench.jwks(options).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name=f"{name} / client_credentials",
            value=ratio(taken, name, "client_credentials"),
            target=4.0,
            detail=medians(taken),
        )
        for name in ("discovery", "jwks")
    ]
