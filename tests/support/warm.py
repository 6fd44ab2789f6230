"""Doorward's program without the second that importing it takes: forked from one that has done so.

It is a process of its own, with the environment, the folder, the arguments and the output that it
is given, and runs the same `main` as `python -m doorward`.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

# What `up` and `token` import, by themselves or through Litestar. Importing starts no thread.
_PRELOADED = [
    "alembic.command",
    "doorward.app",
    "doorward.cli",
    "doorward.server",
    "doorward.storage.migrate",
    "granian.server.embed",
    "litestar.plugins.attrs",
    "litestar.plugins.pydantic",
    "uvloop",
    __name__,
]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_PRELOADED)


class WarmProcess:
    """A running `doorward`, with what tests use of `subprocess.Popen`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid or 0

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code.

        Raises:
            TimeoutExpired: it did not end in time.
        """
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("doorward", timeout or 0)
        return code

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._process.terminate()


def start_warm(
    arguments: Sequence[str], *, environment: Mapping[str, str], output: Path
) -> WarmProcess:
    """Start `doorward <arguments>`; all that it prints is added to the file `output`."""
    process = _context.Process(
        target=_run, args=(list(arguments), dict(environment), output), daemon=True
    )
    process.start()
    return WarmProcess(process)


def _run(arguments: list[str], environment: dict[str, str], output: Path) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    log = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    sys.argv = ["doorward", *arguments]

    from doorward.cli import main

    main()
