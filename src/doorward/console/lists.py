"""Pages of lists, and simple searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from doorward.console.console import AnyRequest
from doorward.storage.listing import Listing, Window
from doorward.storage.search import Search, SearchMode, SearchTerm

PAGE_SIZE = 20
_MAX_SEARCH = 256
_LAST_PAGE = 1_000_000

T = TypeVar("T")


class ListQuery(msgspec.Struct, frozen=True):
    """What is searched for, and which page of it is wanted."""

    search: str
    page: int
    path: str
    others: tuple[tuple[str, str], ...]
    parameter: str = "page"

    @property
    def window(self) -> Window:
        """The entries of the page."""
        return Window(limit=PAGE_SIZE, offset=(self.page - 1) * PAGE_SIZE)

    def cut(self, entries: Sequence[T]) -> Listing[T]:
        """Return the page of a list that is here as a whole."""
        window = self.window
        shown = entries[window.offset : window.offset + PAGE_SIZE]
        return Listing(list(shown), len(entries))

    def search_in(self, *fields: str) -> Search:
        """Return the search of the text anywhere in one of `fields`."""
        if not self.search:
            return Search()
        term = SearchTerm(
            fields=fields, values=(f"%{escape_like(self.search)}%",), mode=SearchMode.LIKE
        )
        return Search(terms=(term,))

    def paging(self, listing: Listing[Any]) -> dict[str, object]:
        """Return what the templates' pagination shows."""
        first = (self.page - 1) * PAGE_SIZE + 1
        last = first + len(listing.entries) - 1
        return {
            "first": first if listing.entries else 0,
            "last": last if listing.entries else 0,
            "total": listing.total,
            "previous_url": self._url(self.page - 1) if self.page > 1 else None,
            "next_url": self._url(self.page + 1) if last < listing.total else None,
        }

    def _url(self, page: int) -> str:
        pairs = [*self.others, (self.parameter, str(page))]
        if self.search:
            pairs.insert(0, ("q", self.search))
        return f"{self.path}?{urlencode(pairs)}"


def list_query(request: AnyRequest, *filters: str, parameter: str = "page") -> ListQuery:
    """Parse `q`, the page's number and the `filters` that pages of the list keep.

    Of two lists on one page the second counts its pages in a `parameter` of its own.
    """
    params = request.query_params
    number = params.get(parameter, "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 1
    return ListQuery(
        search=params.get("q", "").strip().replace("\0", "")[:_MAX_SEARCH],
        page=min(max(page, 1), _LAST_PAGE),
        path=request.scope["path"],
        others=tuple((name, params[name]) for name in filters if params.get(name)),
        parameter=parameter,
    )


def first_entries(count: int) -> Window:
    """Return the window of the first entries."""
    return Window(limit=count)


def escape_like(text: str) -> str:
    """Return `text` without meaning for LIKE; what cannot be escaped matches any character."""
    return text.replace("%", "_")
