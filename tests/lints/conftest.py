"""What every test of a lint does: run one rule on one file that is not on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from tools.lints.source import Finding, Source

Found = Callable[..., list[tuple[int, str]]]


class Rule(Protocol):
    def check(self, source: Source) -> Iterator[Finding]: ...


@pytest.fixture
def found() -> Found:
    """Return (line, message) of each finding of `rule` in `text` at `path`."""

    def run(rule: Rule, path: str, text: str) -> list[tuple[int, str]]:
        return [(finding.line, finding.message) for finding in rule.check(Source(path, text))]

    return run
