"""Advice, not a rule: a file over 500 lines is worth a second look."""

from __future__ import annotations

from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "length"
LIMIT = 500
CODE = {".py", ".html", ".css", ".js", ".mjs"}


def check(source: Source) -> Iterator[Finding]:
    """Yield a finding for a long file of code."""
    if source.suffix in CODE and len(source.lines) > LIMIT:
        yield Finding(source.path, 1, RULE, f"{len(source.lines)} lines")
