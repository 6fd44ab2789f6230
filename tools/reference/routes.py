"""docs/reference/routes.md: every route and the file that answers it, as the command tells."""

from __future__ import annotations

from itertools import groupby

from click.testing import CliRunner

from doorward.cli import cli

FILE = "routes.md"
INTRODUCTION = """\
# Routes

What the server answers to, and the file that does it. `doorward routes` prints the same with line
numbers. The management API is described in full at `/api/swagger.json`.
"""
AREAS = {
    "/oidc": "OpenID Connect",
    "/.well-known": "OpenID Connect",
    "/api": "Management API",
    "/api/experience": "Experience API",
    "/console": "Console",
}
REST = "Pages and service"

Row = tuple[str, str, str]


def render() -> str:
    """Return the page: one table for each area."""
    rows = sorted(_rows(), key=lambda row: (_area(row[1]), row[1], row[0]))
    tables = [_table(area, list(group)) for area, group in groupby(rows, lambda r: _area(r[1]))]
    return INTRODUCTION + "".join(tables)


def _rows() -> list[Row]:
    result = CliRunner().invoke(cli, ["routes"], catch_exceptions=False)
    rows: list[Row] = []
    for line in result.output.splitlines():
        method, path, place = line.split()
        rows.append((method, path, place.rpartition(":")[0]))
    return rows


def _area(path: str) -> str:
    found = [prefix for prefix in AREAS if path == prefix or path.startswith(f"{prefix}/")]
    return AREAS[max(found, key=len)] if found else REST


def _table(area: str, rows: list[Row]) -> str:
    lines = [f"| {method} | `{path}` | `{place}` |\n" for method, path, place in rows]
    return f"\n## {area}\n\n| method | path | file |\n|---|---|---|\n{''.join(lines)}"
