"""The token endpoint while hashing is saturated: 64 sign-ins at once, again and again."""

from __future__ import annotations

import contextlib
import statistics
import threading
from collections.abc import Iterator

from benchmarks.harness import BenchmarkError, Figure, Options
from benchmarks.workbench import Workbench, workbench

SIGN_INS_AT_ONCE = 64


def measure(options: Options) -> list[Figure]:
    calm, busy, waits, signed_in = [], [], [], []
    with workbench() as bench:
        bench.client_credentials(options)
        for _ in range(options.rounds):
            calm.append(bench.client_credentials(options).rate)
            with _saturated(bench) as finished:
                before = len(finished)
                load = bench.client_credentials(options)
                signed_in.append((len(finished) - before) / load.seconds)
            busy.append(load.rate)
            waits.append(load.p99)
    if not statistics.median(signed_in):
        raise BenchmarkError("no sign-in finished: the hashing was not saturated but refused")
    detail = {
        "calm": statistics.median(calm),
        "saturated": statistics.median(busy),
        "sign-ins/s": statistics.median(signed_in),
    }
    return [
        Figure(
            name="client_credentials, hashing saturated / calm",
            value=statistics.median(b / c for b, c in zip(busy, calm, strict=True)),
            target=0.5,
            detail=detail,
        ),
        Figure(
            name="client_credentials p99, hashing saturated",
            value=statistics.median(waits) * 1000,
            target=100.0,
            unit="ms",
            at_least=False,
            detail=detail,
        ),
    ]


@contextlib.contextmanager
def _saturated(bench: Workbench) -> Iterator[list[None]]:
    """Keep 64 sign-ins under way until the block ends; yields a list that grows by each."""
    stop = threading.Event()
    finished: list[None] = []
    errors: list[BaseException] = []

    def sign_in_again_and_again(user: int) -> None:
        try:
            while not stop.is_set():
                bench.sign_in(user=user)
                finished.append(None)
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=sign_in_again_and_again, args=(user,))
        for user in range(SIGN_INS_AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    # The load begins when every thread has a password waiting to be hashed.
    stop.wait(1.0)
    try:
        yield finished
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if errors:
        raise BenchmarkError(f"{len(errors)} sign-ins failed, the first: {errors[0]!r}")
