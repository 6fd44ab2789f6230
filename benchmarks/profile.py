"""Where the time of one token request goes, in microseconds of processor time.

    python -m benchmarks.profile          prints the tables of benchmarks/profile.md

A sampling profiler (py-spy) looks at the server under load. A sample belongs to the innermost frame
that is of a known part; the parts of a thread share what the kernel says the thread used. Taking
samples slows the server down but does not move the shares.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from benchmarks import references
from benchmarks.harness import LOAD_CORE, BenchmarkError, Load, Options, scratch_directory
from benchmarks.workbench import workbench

SECONDS = 8.0
SAMPLES_PER_SECOND = 100
COMMIT = "durable write: the commit, in its thread"
REST = "HTTP, event loop and threads of the web server"

# The innermost frame whose file or function contains the left part decides.
PARTS = {
    "(doorward/kit/jose.py": "signature",
    "(doorward/storage/": "durable write: statements in the event loop",
    "(doorward/audit/": "audit entry",
    "(doorward/oidc/client_auth": "client authentication",
    "(doorward/kit/crypto.py": "hashes and seals",
    "(doorward/oidc/request.py": "parsing the form",
    "(doorward/oidc/store.py": "rows of tokens",
    "(doorward/oidc/tokens.py": "tokens: deciding and writing them down",
    "(doorward/oidc/claims.py": "claims about the user",
    "(doorward/users/": "the user and the session",
    "(doorward/sessions/": "the user and the session",
    "(doorward/oidc/grants/": "the grant itself",
    "(doorward/roles/": "roles and scopes",
    "(doorward/resources/": "roles and scopes",
    "(doorward/oidc/": "dispatch and answer",
    "(doorward/app.py": "dispatch and answer",
    "sign (benchmarks/floor.py": "signature",
    "run (benchmarks/floor.py": "durable write: statements in the event loop",
    "add (benchmarks/floor.py": "durable write: statements in the event loop",
    "(urllib/parse.py": "parsing the form",
    "(benchmarks/floor.py": "dispatch and answer",
}


def main() -> None:
    os.sched_setaffinity(0, {LOAD_CORE})
    options = Options(seconds=SECONDS)
    with (
        scratch_directory() as directory,
        references.floor(directory) as address,
        workbench() as bench,
    ):
        bench.issue_refresh_tokens(20 * options.connections)
        pids: dict[str, tuple[int, Callable[[], Load]]] = {
            "floor": (
                _listening_on(address),
                lambda: references.fetch_token(address, options),
            ),
            "client_credentials": (
                bench.process.pid,
                lambda: bench.client_credentials(options),
            ),
            "refresh_token": (bench.process.pid, lambda: bench.refresh_token(options)),
        }
        columns = {name: _profile(pid, load) for name, (pid, load) in pids.items()}
    sys.stdout.write(_table(columns))


def _profile(pid: int, load: Callable[[], Load]) -> Mapping[str, float]:
    """Microseconds of processor time for one request, by part."""
    # 1. What one request costs, undisturbed: the whole process, by the kernel's account.
    load()
    before = _processor_seconds(pid)
    requests = load().requests
    used = {
        thread: spent - before.get(thread, 0.0) for thread, spent in _processor_seconds(pid).items()
    }

    # 2. Where Python spends it: samples of the thread that runs the event loop.
    with NamedTemporaryFile(suffix=".raw") as output:
        spy = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("py-spy")), "record",
                "--pid", str(pid), "--duration", str(int(SECONDS) - 2),
                "--rate", str(SAMPLES_PER_SECOND), "--format", "raw", "--output", output.name,
                "--threads",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        load()
        _, errors = spy.communicate(timeout=60)
        if spy.returncode:
            raise BenchmarkError(f"py-spy: {errors.decode()[-500:]}")
        samples = Path(output.name).read_text()

    # 3. Shares of the one become parts of the other.
    loop = used.pop(pid)
    parts = _parts(samples)
    total = sum(parts.values())
    microseconds = Counter(
        {name: loop * count / total / requests * 1e6 for name, count in parts.items()}
    )
    commits = _commit_thread(samples)
    for thread, spent in used.items():
        microseconds[COMMIT if thread == commits else REST] += spent / requests * 1e6
    return microseconds


def _parts(samples: str) -> dict[str, int]:
    parts: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if "MainThread" not in frames[0]:
            continue
        parts[_part_of(frames)] += int(count)
    return dict(parts)


def _part_of(frames: list[str]) -> str:
    for frame in reversed(frames):
        for mark, part in PARTS.items():
            if mark in frame:
                return part
    return REST


def _commit_thread(samples: str) -> int | None:
    """The kernel's number of the thread that commits: ours has a name, the floor's runs COMMIT."""
    names = "(?:sqlite-commit|ThreadPoolExecutor)"
    found = re.search(rf"^thread \((\d+)\): {names}", samples, re.MULTILINE)
    return int(found.group(1)) if found else None


def _processor_seconds(pid: int) -> dict[int, float]:
    """Seconds that each thread of a process has used."""
    per_second = os.sysconf("SC_CLK_TCK")
    seconds = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        fields = (thread / "stat").read_text().rpartition(")")[2].split()
        seconds[int(thread.name)] = (int(fields[11]) + int(fields[12])) / per_second
    return seconds


def _listening_on(address: str) -> int:
    port = address.rsplit(":", 1)[1].partition("/")[0]
    found = subprocess.run(
        ["pgrep", "--newest", "--full", f"benchmarks.floor {port} "],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout.split()[0])


def _number(microseconds: float | None) -> str:
    return "" if microseconds is None else f"{microseconds:.0f}"


def _table(columns: Mapping[str, Mapping[str, float]]) -> str:
    names = dict.fromkeys(part for column in columns.values() for part in column)
    order = sorted(names, key=lambda part: -columns["client_credentials"].get(part, 0.0))
    lines = [
        f"| part | {' | '.join(columns)} |",
        f"|---|{'---:|' * len(columns)}",
        *(
            f"| {part} | {' | '.join(_number(column.get(part)) for column in columns.values())} |"
            for part in order
        ),
        f"| all | {' | '.join(_number(sum(column.values())) for column in columns.values())} |",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
