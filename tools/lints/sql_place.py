"""Statements are written in `store.py`, `tables.py` and `storage/`, and nowhere else.

So whoever reviews what a request may read or change has few files to read. Nor does a slice touch
another slice's tables: it calls that slice's store, which knows the rules of its rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source, imported_modules

RULE = "sql-place"
DRIVERS = {"sqlalchemy", "sqlite3", "apsw", "asyncpg", "aiosqlite", "psycopg"}
SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\s",
    re.IGNORECASE | re.DOTALL,
)
TABLE = re.compile(r"doorward\.(\w+)\.tables(\.[a-z_]+)?$")
# It lists them all, for the test of the migrations.
EVERY_TABLE = ("src/doorward/all_tables.py",)


def check(source: Source) -> Iterator[Finding]:
    """Yield imports of database libraries and texts of SQL outside their place."""
    if not source.is_server_code:
        return
    yield from _foreign_tables(source)
    if _is_its_place(source):
        return
    for module, line in imported_modules(source.tree):
        if module.partition(".")[0] in DRIVERS:
            yield from source.finding(line, RULE, f"{module} is for store.py, tables.py, storage/")
    documentation = set(_docstrings(source.tree))
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if node not in documentation and SQL.match(f"{node.value} "):
            yield from source.finding(node.lineno, RULE, "SQL is for store.py, tables.py, storage/")


def _foreign_tables(source: Source) -> Iterator[Finding]:
    """Imports of another slice's tables; its records, which are named like classes, are values."""
    if source.path in EVERY_TABLE:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        owners = {found[1] for name in names if (found := TABLE.match(name))}
        for owner in sorted(owners - {source.path.split("/")[2]}):
            yield from source.finding(node.lineno, RULE, f"call {owner}.store, not its tables")


def _is_its_place(source: Source) -> bool:
    return source.name in {"store.py", "tables.py"} or source.path.startswith(
        "src/doorward/storage/"
    )


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
