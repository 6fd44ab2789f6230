"""What a whole password sign-in costs the server besides the Argon2id hash.

A sign-in is the authorization request, the page, the password, the code, the tokens and userinfo.
Counted is the processor time of the server process, less that of the same number of hashes with
the same parameters, taken on the same core in turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.harness import SERVER_CORE, Figure, Options, on_core
from benchmarks.workbench import Workbench, cpu_seconds, workbench

SIGN_INS = 20
HASHES = f"""
import time
from argon2.low_level import Type, hash_secret_raw
options = dict(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, type=Type.ID)
hash_secret_raw(b"warm", b"sixteen bytes ok", **options)
start = time.process_time()
for _ in range({SIGN_INS}):
    hash_secret_raw(b"a password", b"sixteen bytes ok", **options)
print(time.process_time() - start)
"""


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        _sign_ins(bench)
        rounds = [(_sign_ins(bench), _hashes()) for _ in range(options.rounds)]
    whole = statistics.median(sign_in for sign_in, _ in rounds)
    hashing = statistics.median(hashing for _, hashing in rounds)
    besides = statistics.median(sign_in - hashing for sign_in, hashing in rounds)
    return [
        Figure(
            name="password sign-in besides Argon2id",
            value=besides * 1000,
            target=6.0,
            unit="ms CPU",
            at_least=False,
            detail={"whole ms": whole * 1000, "Argon2id ms": hashing * 1000},
        )
    ]


def _sign_ins(bench: Workbench) -> float:
    """Server processor seconds of one sign-in, mean of some."""
    before = cpu_seconds(bench.process.pid)
    for number in range(SIGN_INS):
        bench.sign_in(user=number)
    return (cpu_seconds(bench.process.pid) - before) / SIGN_INS


def _hashes() -> float:
    """Processor seconds of one hash on the server's core, mean of as many."""
    command = [sys.executable, "-c", HASHES]
    with on_core(SERVER_CORE):
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout) / SIGN_INS
