"""The samples as their readers start them: programs of their own, on free ports."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

SAMPLES = Path(__file__).parents[2] / "samples"


@contextlib.contextmanager
def running_web_app(
    *command: str, directory: Path, url: str, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run `python <command>` in `directory` until the block ends; yield `url` once it answers."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=directory,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"{command} did not start: {process.communicate()[0]}")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url, timeout=5).status_code < 500
    return False
