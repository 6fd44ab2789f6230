"""Measure the figures, print them as a table, and exit with 1 if one misses its target.

python -m benchmarks                        all of them, in under twelve minutes
python -m benchmarks metadata import_time   some of them
python -m benchmarks --quick                one short round each: does everything still run?
python -m benchmarks --json figures.json    also write them, with what they are made of
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import LOAD_CORE, BenchmarkError, Figure, Options, table

FIGURES = (
    "client_credentials",
    "refresh_token",
    "authorization_code",
    "par",
    "dpop",
    "token_exchange",
    "userinfo_introspection",
    "metadata",
    "password_sign_in",
    "hashing_saturation",
    "storage",
    "start_and_memory",
    "sign_in_page",
    "import_time",
    "postgres",
    "two_nodes",
)
BY_NAME_ONLY = ("scale",)
"""Figures that take long and much of the disk."""

QUICK = Options(seconds=1.0, rounds=1, minute=3.0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = (*FIGURES, *BY_NAME_ONLY)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="the median of which counts")
    parser.add_argument("--quick", action="store_true", help="one short round of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.names) - set(known):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    options = QUICK if chosen.quick else Options(seconds=chosen.seconds, rounds=chosen.rounds)

    # What this program does itself, such as walking pages, is load.
    os.sched_setaffinity(0, {LOAD_CORE})
    figures: list[Figure] = []
    failed = []
    for name in chosen.names or FIGURES:
        started = time.monotonic()
        try:
            found = importlib.import_module(f"benchmarks.{name}").measure(options)
        except BenchmarkError as error:
            failed.append(name)
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            continue
        figures += found
        print(f"{name}, {time.monotonic() - started:.0f} s", flush=True)
        for figure in found:
            print(f"    {figure.name}: {figure.value:.3g} {figure.unit}  {_parts(figure)}")

    print(f"\n{table(figures)}")
    if failed:
        print(f"not measured: {', '.join(failed)}")
    if chosen.json:
        chosen.json.write_text(_as_json(figures))
    return 0 if not failed and all(figure.is_met for figure in figures) else 1


def _parts(figure: Figure) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figure.detail.items())


def _as_json(figures: Sequence[Figure]) -> str:
    machine = {
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    listed = [dataclasses.asdict(figure) | {"is_met": figure.is_met} for figure in figures]
    return json.dumps({**machine, "figures": listed}, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
