"""Where the start goes: `python -X importtime` of the server, and its dearest packages."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys

from benchmarks.harness import SERVER_CORE, Figure, Options, on_cores

LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \| (\s*)(\S+)")
DEAREST = 8


def measure(options: Options) -> list[Figure]:
    runs = [_import() for _ in range(options.rounds)]
    packages = {name for run in runs for name in run}
    milliseconds = {
        name: statistics.median(run.get(name, 0.0) for run in runs) for name in packages
    }
    dearest = sorted(milliseconds.items(), key=lambda item: item[1], reverse=True)[:DEAREST]
    return [
        Figure(
            name="import of doorward.app",
            value=statistics.median(sum(run.values()) for run in runs),
            # Half of the two seconds that the whole start may take.
            target=1000.0,
            unit="ms",
            at_least=False,
            detail=dict(dearest),
        )
    ]


def _import() -> dict[str, float]:
    """Milliseconds by top-level package: what the modules of each took themselves."""
    command = [sys.executable, "-X", "importtime", "-c", "import doorward.app"]
    with on_cores(SERVER_CORE):
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    spent: dict[str, float] = {}
    for line in run.stderr.splitlines():
        if found := LINE.match(line):
            package = found[4].partition(".")[0]
            spent[package] = spent.get(package, 0.0) + int(found[1]) / 1000
    return spent
