"""client_credentials with a JWT access token for an API resource and a durable audit entry."""

from __future__ import annotations

from benchmarks import references
from benchmarks.harness import (
    BenchmarkError,
    Figure,
    Options,
    alternate,
    medians,
    ratio,
    scratch_directory,
)
from benchmarks.workbench import Workbench, workbench


def measure(options: Options) -> list[Figure]:
    with (
        scratch_directory() as directory,
        references.floor(directory) as floor,
        references.oidc_provider() as oidc_provider,
        workbench() as bench,
    ):
        _check_audit(bench, options)
        taken = alternate(
            {
                "doorward": lambda: bench.client_credentials(options).rate,
                "floor": lambda: references.fetch_token(floor, options).rate,
                "oidc-provider": lambda: references.fetch_token(oidc_provider, options).rate,
            },
            rounds=options.rounds,
        )
        rates = medians(taken)
    return [
        Figure(
            name="client_credentials / oidc-provider",
            value=ratio(taken, "doorward", "oidc-provider"),
            target=1.3,
            detail=rates,
        ),
        Figure(
            name="client_credentials / floor",
            value=ratio(taken, "doorward", "floor"),
            target=0.75,
            detail=rates,
        ),
    ]


def _check_audit(bench: Workbench, options: Options) -> None:
    """Raise BenchmarkError unless each token that is answered has its entry on disk."""
    before = bench.audit_entries()
    load = bench.client_credentials(options, seconds=1)
    written = bench.audit_entries() - before
    if written < load.requests:
        raise BenchmarkError(f"{load.requests} tokens, but {written} audit entries")
