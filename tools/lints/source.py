"""A file as the lints see it, and what they find in it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

# `# lint: <rule>: <reason>`, in the comment syntax of any language here. The reason is required.
EXCUSE = re.compile(r"lint: (?P<rule>[a-z-]+): \S")


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Source:
    """One file: its path from the repository's root, with forward slashes, and its text."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @property
    def is_server_code(self) -> bool:
        """Whether this is Python of the server package."""
        return self.path.startswith("src/doorward/") and self.suffix == ".py"

    @property
    def is_template(self) -> bool:
        return self.path.startswith("src/doorward/") and self.suffix in {".html", ".jinja", ".j2"}

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    def finding(self, line: int, rule: str, message: str) -> Iterator[Finding]:
        """Yield a finding at `line`, unless that line or the one above excuses it."""
        near = self.lines[max(0, line - 2) : line]
        if not any(found["rule"] == rule for text in near for found in EXCUSE.finditer(text)):
            yield Finding(self.path, line, rule, message)

    def search(self, pattern: re.Pattern[str], rule: str, message: str) -> Iterator[Finding]:
        """Yield a finding for each line in which `pattern` is found; {0} names what was found."""
        for number, line in enumerate(self.lines, start=1):
            if found := pattern.search(line):
                yield from self.finding(number, rule, message.format(found[0].strip()))


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or a chain of attributes, else ''."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def imported_modules(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield (module, line) of each import, also of those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def repository_sources(root: Path) -> Iterator[Source]:
    """Yield every text file that git holds or would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in sorted(set(listed.stdout.split("\0")) - {""}):
        path = root / name
        try:
            yield Source(name, path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, or a file that is deleted but still in the index
