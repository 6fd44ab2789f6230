"""Starts pinned servers, loads them, alternates runs, and turns rates into judged ratios.

The server runs on core 0 and everything that loads it on core 1. Machines are noisy, so what is
compared is measured in turns (a, b, a, b, ...): a ratio is taken within each round and the median
of the rounds is the figure. Every process that is started here is ended here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SERVER_CORE = 0
LOAD_CORE = 1
HERE = Path(__file__).parent
CONTROL_GROUPS = Path("/sys/fs/cgroup")
REPOSITORY = HERE.parent


class BenchmarkError(Exception):
    """A figure could not be measured: a server did not start, or refused requests under load."""


@dataclass(frozen=True)
class Options:
    """How long and how often to measure.

    `seconds` is one run of one load; `rounds` the number of alternations, of which the median
    counts; `connections` how many requests are under way at once.
    """

    seconds: float = 4.0
    rounds: int = 5
    connections: int = 32
    minute: float = 60.0


@dataclass(frozen=True)
class Figure:
    """One measured number and what it has to be. `at_least` says which side of `target` is good."""

    name: str
    value: float
    target: float
    unit: str = "x"
    at_least: bool = True
    detail: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw. Times are seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    max: float
    refused: int
    failed: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory on a real disk (the commits must cost what they cost), removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="doorward-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def on_cores(*cores: int) -> Iterator[None]:
    """Pin what the block starts, and the block itself, to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    *,
    ready_url: str,
    environment: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on the server's core until the block ends. Waits until `ready_url` answers."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(SERVER_CORE), *argv],
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=REPOSITORY,
        )
        try:
            _wait_until_ready(process, ready_url=ready_url, timeout=timeout)
            yield process
        except BenchmarkError as error:
            output.seek(0)
            raise BenchmarkError(f"{error}\n{output.read().decode()[-4000:]}") from error
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process of ours to stop; after ten seconds end its whole group."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def limited(pids: Sequence[int], *, cores: float) -> Iterator[None]:
    """Let processes use no more than this share of a core together (a control group of Linux).

    Raises:
        BenchmarkError: this machine lets us make no control group.
    """
    period = 10_000
    quota = round(period * cores)
    old = CONTROL_GROUPS / "cpu"
    group = (old if old.is_dir() else CONTROL_GROUPS) / f"doorward-bench-{pids[0]}"
    try:
        group.mkdir()
        if old.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(period))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {period}")
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        raise BenchmarkError(f"a control group for the processor is needed: {error}") from error
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(OSError):
                (group.parent / "cgroup.procs").write_text(str(pid))
        with contextlib.suppress(OSError):
            group.rmdir()


def _wait_until_ready(process: subprocess.Popen[bytes], *, ready_url: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not answers(ready_url):
        if process.poll() is not None:
            raise BenchmarkError(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{ready_url} did not answer within {timeout} s")
        time.sleep(0.01)


def answers(url: str) -> bool:
    """Whether anything at all answers at `url`; an error status is an answer."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def wrk(
    url: str,
    *,
    options: Options,
    method: str = "GET",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    script: str = "request.lua",
    tokens_file: Path | None = None,
    seconds: float | None = None,
    connections: int | None = None,
) -> Load:
    """Load `url` from the load core. Raises BenchmarkError if any request was not served."""
    environment = {
        "LOAD_REPORT": str(HERE / "load" / "report.lua"),
        "LOAD_METHOD": method,
        "LOAD_HEADERS": "\n".join(f"{name}: {value}" for name, value in (headers or {}).items()),
        "LOAD_TOKENS": str(tokens_file or ""),
    }
    if body is not None:
        environment["LOAD_BODY"] = body
    duration = options.seconds if seconds is None else seconds
    # Whole seconds are all that wrk takes.
    argv = [
        "taskset", "--cpu-list", str(LOAD_CORE),
        "wrk", "--threads", "1", "--connections", str(connections or options.connections),
        "--duration", f"{max(1, round(duration))}s", "--timeout", "10s", "--latency",
        "--script", str(HERE / "load" / script), url,
    ]  # fmt: skip
    run = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    for line in run.stdout.splitlines():
        if line.startswith("RESULT "):
            load = Load(**json.loads(line.removeprefix("RESULT ")))
            if load.refused or load.failed or not load.requests:
                raise BenchmarkError(f"{url}: {load.refused} refused, {load.failed} failed")
            return load
    raise BenchmarkError(f"wrk printed no result: {run.stdout}{run.stderr}")


def form_headers() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}


def alternate(
    measurements: Mapping[str, Callable[[], float]], *, rounds: int
) -> dict[str, list[float]]:
    """Take each measurement in turn, `rounds` times, after one round that only warms up."""
    for measure in measurements.values():
        measure()
    taken: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(rounds):
        for name, measure in measurements.items():
            taken[name].append(measure())
    return taken


def ratio(taken: Mapping[str, Sequence[float]], name: str, reference: str) -> float:
    """The median, over the rounds, of `name` divided by `reference` of the same round."""
    pairs = zip(taken[name], taken[reference], strict=True)
    return statistics.median(value / base for value, base in pairs)


def medians(taken: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in taken.items()}


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned lines: what, measured, target, verdict."""
    rows = [("figure", "measured", "target", "")]
    for figure in figures:
        sign = "at least" if figure.at_least else "at most"
        rows.append(
            (
                figure.name,
                f"{figure.value:.3g} {figure.unit}",
                f"{sign} {figure.target:g} {figure.unit}",
                "ok" if figure.is_met else "BELOW" if figure.at_least else "ABOVE",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
