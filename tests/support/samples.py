"""The sample applications, run as their readers run them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

SAMPLES = Path(__file__).parents[2] / "samples"
START_TIMEOUT = 20.0


@dataclass(frozen=True)
class Sample:
    """A running sample."""

    url: str
    log_path: Path

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self.log_path.read_text(errors="replace")


@contextlib.contextmanager
def running_sample(
    name: str, *, port: int, directory: Path, environment: Mapping[str, str]
) -> Iterator[Sample]:
    """Run samples/<name>/app.py on `port` until the block ends; its log goes to `directory`."""
    sample = Sample(url=f"http://localhost:{port}", log_path=directory / f"{name}.log")
    with sample.log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=SAMPLES / name,
            env={**os.environ, **environment, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_answer(sample, process)
        yield sample
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await_answer(sample: Sample, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(sample.url, timeout=5)
            return
        time.sleep(0.05)
    raise AssertionError(f"the sample does not answer\n{sample.log}")
