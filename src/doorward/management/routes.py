"""The explicit table of management API routers, and the status endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router, get
from litestar.handlers import HTTPRouteHandler


@get("/api/status", status_code=204, include_in_schema=False)
async def get_status() -> None:
    """Answer 204: the server is up."""


def management_routes() -> Sequence[Router | HTTPRouteHandler]:
    """Return every handler under /api that is not the Experience API's."""
    return [get_status]
