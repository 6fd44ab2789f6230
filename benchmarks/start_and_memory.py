"""Start to first answer, and the memory of all processes after the story and a minute of load."""

from __future__ import annotations

import statistics
import time

from benchmarks.harness import SERVER_CORE, Figure, Options, on_cores, scratch_directory
from benchmarks.workbench import memory_of_group, new_server, workbench


def measure(options: Options) -> list[Figure]:
    return [_start(options), _memory(options)]


def _start(options: Options) -> Figure:
    """Seconds from the command to the first answer, on a database that exists already."""
    taken = []
    with scratch_directory() as directory:
        server = new_server(directory)
        for _ in range(options.rounds + 1):
            started = time.perf_counter()
            with on_cores(SERVER_CORE):
                server.start()
            taken.append(time.perf_counter() - started)
            server.stop()
    return Figure(
        name="start to first answer",
        value=statistics.median(taken[1:]),
        target=2.0,
        unit="s",
        at_least=False,
        detail={"first start of all, with migrations": taken[0]},
    )


def _memory(options: Options) -> Figure:
    with workbench() as bench:
        at_rest = memory_of_group(bench.process.pid)
        for user in range(20):
            bench.sign_in(user=user)
        after_the_story = memory_of_group(bench.process.pid)
        bench.client_credentials(options, seconds=options.minute)
        after_the_load = memory_of_group(bench.process.pid)
    return Figure(
        name="memory of all processes after a minute of load",
        value=after_the_load,
        target=180.0,
        unit="MB",
        at_least=False,
        detail={"with 64 users, at rest": at_rest, "after 20 sign-ins": after_the_story},
    )
