"""Run every house rule on every file; exit with 1 if one is broken. Advice is printed only."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.lints import ADVICE, RULES
from tools.lints.source import repository_sources

ROOT = Path(__file__).parents[2]


def main(root: Path = ROOT) -> int:
    """Print each finding as `path:line: rule: message`; return the exit code."""
    sources = list(repository_sources(root))
    findings = [found for source in sources for rule in RULES for found in rule.check(source)]
    for source in sources:
        for rule in ADVICE:
            for found in rule.check(source):
                print(f"{found} (advice)")
    for found in findings:
        print(found)
    print(f"{len(findings)} broken house rules in {len(sources)} files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
