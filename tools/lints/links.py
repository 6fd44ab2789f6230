"""A link in a page of the repository leads to a file that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.lints.source import Finding, Source

RULE = "links"
ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
ELSEWHERE = ("http:", "https:", "mailto:", "#", "<")


def check(source: Source, *, root: Path = ROOT) -> Iterator[Finding]:
    """Yield each relative link of a Markdown page that leads nowhere."""
    if source.suffix != ".md":
        return
    folder = (root / source.path).parent
    for number, line in enumerate(source.lines, start=1):
        for found in LINK.finditer(line):
            target = found["target"].partition("#")[0]
            is_own = target and not found["target"].startswith(ELSEWHERE)
            if is_own and not (folder / target).exists():
                yield from source.finding(number, RULE, f"{target} does not exist")
