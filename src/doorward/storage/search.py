"""Search conditions that both databases understand.

`like` is SQL's LIKE with the caller's own `%`; a backslash makes the next character literal, and
case is folded by the database (on SQLite for ASCII letters).

Regular expressions exist on PostgreSQL alone, where the engine bounds them; Python's would let one
request hold SQLite's reader for minutes (ReDoS), so there they are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, literal, or_, true

from doorward.storage.database import Database

REGULAR_EXPRESSIONS = frozenset({"similar_to", "posix"})
_ESCAPE = "\\"
_GLOB_WILDCARDS = {"%": "*", "_": "?"}
_GLOB_LITERALS = {"*": "[*]", "?": "[?]", "[": "[[]"}


class SearchMode(StrEnum):
    """How a value is compared."""

    LIKE = "like"
    EXACT = "exact"
    SIMILAR_TO = "similar_to"
    POSIX = "posix"


class SearchTerm(msgspec.Struct, frozen=True):
    """A value, or any of several exact ones, in one of `fields`."""

    fields: tuple[str, ...]
    values: tuple[str, ...]
    mode: SearchMode


class Search(msgspec.Struct, frozen=True):
    """What a list is narrowed to; without terms, nothing."""

    terms: tuple[SearchTerm, ...] = ()
    is_joint_and: bool = False
    is_case_sensitive: bool = False


def supports_regular_expressions(db: Database) -> bool:
    """Tell whether the database can evaluate `similar_to` and `posix`."""
    return db.dialect_name == "postgresql"


def search_condition(
    search: Search, *, columns: Mapping[str, ColumnElement[Any]], db: Database
) -> ColumnElement[bool]:
    """Return the condition of a search over `columns` (field name to column)."""
    if not search.terms:
        return true()
    conditions = [
        or_(
            false(),
            *(
                _compare(
                    columns[field],
                    term,
                    is_case_sensitive=search.is_case_sensitive,
                    is_sqlite=db.dialect_name == "sqlite",
                )
                for field in term.fields
            ),
        )
        for term in search.terms
    ]
    return and_(*conditions) if search.is_joint_and else or_(*conditions)


def _compare(
    column: ColumnElement[Any], term: SearchTerm, *, is_case_sensitive: bool, is_sqlite: bool
) -> ColumnElement[bool]:
    value = term.values[0]
    match term.mode:
        case SearchMode.EXACT if is_case_sensitive:
            return column.in_(term.values)
        case SearchMode.EXACT:
            return or_(*(func.lower(column) == func.lower(literal(v)) for v in term.values))
        case SearchMode.LIKE if not is_case_sensitive:
            return column.ilike(value, escape=_ESCAPE)
        case SearchMode.LIKE if is_sqlite:
            # SQLite's LIKE always folds case; its GLOB never does.
            return column.op("GLOB", is_comparison=True)(_glob(value))
        case SearchMode.LIKE:
            return column.like(value, escape=_ESCAPE)
        case SearchMode.SIMILAR_TO:
            return column.op("SIMILAR TO", is_comparison=True)(value)
        case SearchMode.POSIX:
            operator = "~" if is_case_sensitive else "~*"
            return column.op(operator, is_comparison=True)(value)


def _glob(pattern: str) -> str:
    """Return the GLOB pattern of a LIKE pattern."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == _ESCAPE:
            literal_character = next(characters, "")
            parts.append(_GLOB_LITERALS.get(literal_character, literal_character))
        else:
            wildcard = _GLOB_WILDCARDS.get(character)
            parts.append(wildcard or _GLOB_LITERALS.get(character, character))
    return "".join(parts)
