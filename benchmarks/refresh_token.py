"""The refresh_token grant of a public client: every use rotates durably, with reuse detection."""

from __future__ import annotations

from benchmarks.harness import Figure, Options, alternate, medians, ratio
from benchmarks.workbench import workbench


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        bench.issue_refresh_tokens((options.rounds + 2) * options.connections)
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "refresh_token": lambda: bench.refresh_token(options).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name="refresh_token / client_credentials",
            value=ratio(taken, "refresh_token", "client_credentials"),
            target=0.6,
            detail=medians(taken),
        )
    ]
