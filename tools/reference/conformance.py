"""docs/reference/conformance.md: the modules of the conformance plans and how the last run went.

The list comes from `tests/conformance/plans.py`, the results from the page itself, into which
`make conformance` writes them. A module that was added since then has no result yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from tests.conformance.plans import PLANS, Run, list_runs

FILE = "conformance.md"
PAGE = Path(__file__).parents[2] / "docs/reference" / FILE
INTRODUCTION = """\
# Conformance

The modules of the OpenID Foundation's test plans, in our own words and code, driven through HTTP
against a running server (`tests/conformance`). `make conformance` runs them and writes this page.
These are results of our own tests, not a certification; how to point the Foundation's own suite at
a server is said in [tests/conformance/suite](../../tests/conformance/suite/README.md).

| profile | plan | runs | passed |
|---|---|---|---|
"""
NOT_RUN = "not run yet"
_ROW = re.compile(r"\| `(?P<module>[^`]+)` \| (?P<variant>[^|]+) \| (?P<result>[^|]+) \|")

Key = tuple[str, str, str]


def render(results: Mapping[Key, str] | None = None) -> str:
    """Return the page, with `results` or with those that it holds already."""
    known = _stored() if results is None else results
    runs = list(list_runs())
    rows = [
        f"| {plan.profile} | `{plan.name}` | {len(own)} | {_passed(own, known)} |\n"
        for plan in PLANS
        for own in [[run for run in runs if run.profile == plan.profile]]
    ]
    tables = [_table(profile, list(own), known) for profile, own in groupby(runs, _profile)]
    return INTRODUCTION + "".join(rows) + "".join(tables)


def write(results: Mapping[Key, str]) -> None:
    """Write the page after a run; what was not part of the run keeps its result."""
    from tools.reference.__main__ import NOTE

    PAGE.write_text(NOTE + render(_stored() | dict(results)))


def _profile(run: Run) -> str:
    return run.profile


def _key(run: Run) -> Key:
    return (run.profile, run.module, str(run.variant))


def _passed(runs: list[Run], results: Mapping[Key, str]) -> int:
    return sum(results.get(_key(run)) == "passed" for run in runs)


def _table(profile: str, runs: list[Run], results: Mapping[Key, str]) -> str:
    rows = [
        f"| `{run.module}` | {run.variant} | {results.get(_key(run), NOT_RUN)} |\n" for run in runs
    ]
    return f"\n## {profile}\n\n| module | variant | result |\n|---|---|---|\n{''.join(rows)}"


def _stored() -> dict[Key, str]:
    if not PAGE.exists():
        return {}
    results: dict[Key, str] = {}
    profile = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            profile = line.removeprefix("## ")
        elif match := _ROW.fullmatch(line):
            results[profile, match["module"], match["variant"]] = match["result"]
    return results
