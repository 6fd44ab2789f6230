"""client_credentials bound to a key by DPoP: a proof is verified, and remembered durably, as well.

Proofs are made before each run, for a proof has to be of the last minute, and never used twice. The
load is that of 32 clients, each with a key of its own that it keeps, as clients do.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness import Figure, Load, Options, alternate, medians, ratio, wrk
from benchmarks.workbench import Workbench, workbench
from tests.support.dpop import Prover

CLIENTS = 32
FASTEST = 8000
"""Requests a second that a run has proofs for."""


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        provers = new_provers()
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "bound": lambda: bound_client_credentials(bench, provers, options).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name="client_credentials with DPoP / client_credentials",
            value=ratio(taken, "bound", "client_credentials"),
            target=0.5,
            detail=medians(taken),
        )
    ]


def new_provers() -> list[Prover]:
    """Return the clients of the load."""
    return [Prover() for _ in range(CLIENTS)]


def bound_client_credentials(bench: Workbench, provers: list[Prover], options: Options) -> Load:
    """One run, each request of which has a proof of its own."""
    proofs = bench.server.directory / "proofs"
    _write_proofs(proofs, provers, url=f"{bench.server.issuer}/token", options=options)
    return wrk(
        f"{bench.origin}/oidc/token",
        options=options,
        body=bench.machine_form,
        headers=bench.headers,
        script="prove.lua",
        tokens_file=proofs,
    )


def _write_proofs(path: Path, provers: list[Prover], *, url: str, options: Options) -> None:
    count = int(FASTEST * max(1.0, options.seconds))
    with path.open("w") as file:
        for number in range(count):
            proof = provers[number % len(provers)].proof("POST", url)
            file.write(f"{proof}\n")
