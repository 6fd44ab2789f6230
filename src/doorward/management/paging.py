"""Pages of a list: `page` and `page_size` in, `Total-Number` and `Link` out (RFC 8288)."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter

from doorward.kit.edge import Edge
from doorward.management.query import query_items
from doorward.storage.listing import EVERYTHING, Window

T = TypeVar("T")

DEFAULT_SIZE = 20
MAX_SIZE = 100
_LAST_PAGE = 20_000_000

PageNumber = Annotated[int, QueryParameter(name="page", ge=1, le=_LAST_PAGE)]
PageSize = Annotated[int, QueryParameter(name="page_size", ge=1, le=MAX_SIZE)]
OptionalPageNumber = Annotated[int | None, QueryParameter(name="page", ge=1, le=_LAST_PAGE)]
OptionalPageSize = Annotated[int | None, QueryParameter(name="page_size", ge=1, le=MAX_SIZE)]

PAGE_HEADERS = [
    ResponseHeader(
        name="Total-Number", documentation_only=True, description="Entries of the whole list."
    ),
    ResponseHeader(
        name="Link", documentation_only=True, description="URLs of the neighbouring pages."
    ),
]


class Paging(msgspec.Struct, frozen=True):
    """Which page is asked for; pages begin with 1."""

    page: int
    size: int

    @property
    def window(self) -> Window:
        """The same as storage wants it."""
        return Window(limit=self.size, offset=(self.page - 1) * self.size)


def window_of(paging: Paging | None) -> Window:
    """Return what to fetch for a page, or for a list that is given whole."""
    return EVERYTHING if paging is None else paging.window


def provide_paging(page: PageNumber = 1, page_size: PageSize = DEFAULT_SIZE) -> Paging:
    """Parse the page of a list that always has pages."""
    return Paging(page=page, size=page_size)


def provide_optional_paging(
    page: OptionalPageNumber = None, page_size: OptionalPageSize = None
) -> Paging | None:
    """Parse the page of a list that is given whole when neither parameter is there."""
    if page is None and page_size is None:
        return None
    return Paging(page=page or 1, size=page_size or DEFAULT_SIZE)


def paged(
    entries: list[T],
    *,
    request: Request[Any, Any, Any],
    edge: Edge,
    paging: Paging | None,
    total: int,
    is_capped: bool = False,
) -> Response[list[T]]:
    """Return a page with its headers; a list given whole has none.

    When the total is capped the end of the list is not known, so no link leads there.
    """
    if paging is None:
        return Response(entries)
    last = max(1, -(-total // paging.size))
    pages = {"first": 1}
    if paging.page > 1:
        pages["prev"] = min(paging.page - 1, last)
    if paging.page < last and not is_capped:
        pages["next"] = paging.page + 1
    if not is_capped:
        pages["last"] = last
    kept = [pair for pair in query_items(request) if pair[0] != "page"]
    # The path is the client's: quoted, it can neither break the header nor add another.
    address = f"{edge.endpoint}{quote(request.scope['path'])}"
    link = ", ".join(
        f'<{address}?{urlencode([*kept, ("page", number)])}>; rel="{rel}"'
        for rel, number in pages.items()
    )
    headers = {"Total-Number": str(total), "Link": link}
    if is_capped:
        headers["Total-Number-Is-Capped"] = "true"
    return Response(entries, headers=headers)
