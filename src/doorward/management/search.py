"""The search language of lists.

search=%25bob%25                    in any field
search.primaryEmail=%25@x.com       in one field, camelCase or snake_case
mode=exact  mode.name=posix         how values are compared: like, exact, similar_to, posix
joint=and   isCaseSensitive=true    between terms; whether case counts
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from litestar import Request
from litestar.params import QueryParameter

from doorward.errors import RequestError
from doorward.management.query import query_items
from doorward.storage import Database
from doorward.storage.search import (
    REGULAR_EXPRESSIONS,
    Search,
    SearchMode,
    SearchTerm,
    supports_regular_expressions,
)

MAX_LENGTH = 256
MAX_VALUES = 100
_TRUE = frozenset({"1", "true", "y", "yes", "yep", "yeah"})
_WORD_START = re.compile(r"_([a-z])")

SearchText = Annotated[
    str | None,
    QueryParameter(
        name="search",
        description="Looks into every field; `search.<field>` into one. Bring your own `%`.",
    ),
]
Mode = Annotated[
    str | None,
    QueryParameter(name="mode", schema_extra={"enum": [str(mode) for mode in SearchMode]}),
]
Joint = Annotated[str | None, QueryParameter(name="joint", schema_extra={"enum": ["or", "and"]})]
CaseSensitive = Annotated[str | None, QueryParameter(name="isCaseSensitive")]


def is_yes(value: str | None) -> bool:
    """Read a boolean of a query; whatever is not a yes is a no."""
    return value is not None and value.lower() in _TRUE


def provide_search(*fields: str) -> Callable[..., Search]:
    """Return a dependency that parses the search of a list over `fields` (wire names)."""

    def provide(
        request: Request[Any, Any, Any],
        db: Database,
        text: SearchText = None,
        mode: Mode = None,
        joint: Joint = None,
        is_case_sensitive: CaseSensitive = None,
    ) -> Search:
        del text, mode, joint, is_case_sensitive  # declared for the description of the API
        found = parse_search(query_items(request), fields=fields)
        if not supports_regular_expressions(db):
            _refuse_regular_expressions(found)
        return found

    return provide


def parse_search(items: Iterable[tuple[str, str]], *, fields: tuple[str, ...]) -> Search:
    """Return the search that query parameters describe.

    Raises:
        RequestError: 400 request.invalid_input; the details say what is wrong.
    """
    # 1. Sort the parameters: values by field, modes by field, and the rest.
    values: dict[str, list[str]] = {}
    modes: dict[str, SearchMode] = {}
    is_joint_and, is_case_sensitive = False, False
    for key, value in items:
        head, _, tail = key.partition(".")
        match head:
            case "search":
                values.setdefault(_field(tail, fields), []).append(_checked(key, value))
            case "mode":
                modes[_field(tail, fields)] = _mode(value)
            case "joint" | "jointMode" if not tail:
                is_joint_and = _is_and(value)
            case "isCaseSensitive" if not tail:
                is_case_sensitive = is_yes(value)

    # 2. One term for each field that is searched.
    default = modes.get("", SearchMode.LIKE)
    terms = tuple(
        _term(field, found, mode=modes.get(field, default), fields=fields)
        for field, found in values.items()
    )

    # 3. SIMILAR TO has no form that folds case.
    if not is_case_sensitive and any(term.mode is SearchMode.SIMILAR_TO for term in terms):
        raise _invalid("similar_to needs isCaseSensitive=true")
    return Search(terms=terms, is_joint_and=is_joint_and, is_case_sensitive=is_case_sensitive)


def _field(name: str, fields: tuple[str, ...]) -> str:
    """Return the field's wire name; "" stands for all of them."""
    if not name:
        return ""
    wire = _WORD_START.sub(lambda match: match[1].upper(), name)
    if wire not in fields:
        raise _invalid(f"unknown field {name!r}; fields are {', '.join(fields)}")
    return wire


def _term(
    field: str, values: list[str], *, mode: SearchMode, fields: tuple[str, ...]
) -> SearchTerm:
    if mode is not SearchMode.EXACT and len(values) > 1:
        raise _invalid("several values of one field need mode=exact")
    if len(values) > MAX_VALUES:
        raise _invalid(f"more than {MAX_VALUES} values")
    # PostgreSQL refuses a pattern that ends with half an escape.
    escapes = len(values[0]) - len(values[0].rstrip("\\"))
    if mode is SearchMode.LIKE and escapes % 2:
        raise _invalid("the pattern ends with a backslash")
    return SearchTerm(fields=(field,) if field else fields, values=tuple(values), mode=mode)


def _checked(key: str, value: str) -> str:
    if not value:
        raise _invalid(f"{key} is empty")
    if len(value) > MAX_LENGTH:
        raise _invalid(f"{key} is longer than {MAX_LENGTH} characters")
    return value


def _mode(value: str) -> SearchMode:
    try:
        return SearchMode(value)
    except ValueError as error:
        raise _invalid(f"unknown mode {value!r}; modes are {', '.join(SearchMode)}") from error


def _is_and(value: str) -> bool:
    if value not in {"and", "or"}:
        raise _invalid(f"unknown joint {value!r}; it is and, or or")
    return value == "and"


def _refuse_regular_expressions(search: Search) -> None:
    for term in search.terms:
        if term.mode in REGULAR_EXPRESSIONS:
            raise _invalid(f"mode {term.mode} needs PostgreSQL; this server runs on SQLite")


def _invalid(details: str) -> RequestError:
    return RequestError("request.invalid_input", interpolation={"details": details})
