"""The query of a request: in order, and with each parameter once."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from doorward.errors import RequestError
from doorward.management.body import custom_issue, invalid_input

PAGING = frozenset({"page", "page_size"})
_LISTS = frozenset({"search", "target", "types"})


def query_items(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """Return the query parameters in the order they came, repeated ones repeated."""
    return parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)


def refuse_repeated(request: Request[Any, Any, Any]) -> None:
    """Refuse a parameter that comes twice and is no list: which of the two would count?

    Raises:
        RequestError: 400 guard.invalid_pagination, guard.invalid_input.
    """
    if b"&" not in request.scope["query_string"]:
        return
    counts = Counter(name for name, _ in query_items(request))
    repeated = [name for name, count in counts.items() if count > 1 and not _is_list(name)]
    if not repeated:
        return
    if PAGING.issuperset(repeated):
        raise RequestError("guard.invalid_pagination")
    issues = [custom_issue("", "Must not be repeated") | {"path": [name]} for name in repeated]
    raise invalid_input("query", issues=issues)


def _is_list(name: str) -> bool:
    return name in _LISTS or name.startswith("search.")
