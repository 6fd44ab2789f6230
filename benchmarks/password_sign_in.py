"""What a whole password sign-in costs the server besides the Argon2id hash.

A sign-in is the authorization request, the page, the password, the code, the tokens and userinfo.
Counted is the processor time of all threads of the server but those that hash passwords, while
sixteen people sign in at once: a server that sleeps between two requests pays for each waking up,
which says more of the machine than of the server. What one person alone costs is printed beside it.
"""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor

from benchmarks.harness import Figure, Options
from benchmarks.workbench import Workbench, cpu_seconds, workbench

SIGN_INS = 64
AT_ONCE = 16


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        sign_ins(bench, at_once=AT_ONCE)
        rounds = [sign_ins(bench, at_once=AT_ONCE) for _ in range(options.rounds)]
        _, alone = sign_ins(bench, at_once=1)
    return [
        Figure(
            name="password sign-in besides Argon2id",
            value=statistics.median(other for _, other in rounds) * 1000,
            target=6.0,
            unit="ms CPU",
            at_least=False,
            detail={
                "Argon2id ms": statistics.median(hashing for hashing, _ in rounds) * 1000,
                "one alone ms": alone * 1000,
            },
        )
    ]


def sign_ins(bench: Workbench, *, at_once: int) -> tuple[float, float]:
    """Processor seconds of one sign-in, the mean of some: of hashing, of all else."""
    before = cpu_seconds(bench.process.pid)
    with ThreadPoolExecutor(at_once) as people:
        for done in [people.submit(bench.sign_in, user=number) for number in range(SIGN_INS)]:
            done.result()
    after = cpu_seconds(bench.process.pid)
    return (after[0] - before[0]) / SIGN_INS, (after[1] - before[1]) / SIGN_INS
