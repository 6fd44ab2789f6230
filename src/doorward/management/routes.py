"""Routers of the API: handlers behind the guard, and handlers in the open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from litestar import HttpMethod, Request, Router, route
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from doorward.management.body import StrictBody, refuse_nul
from doorward.management.description import SCHEME
from doorward.management.errors import error_handlers, refusals
from doorward.management.guard import provide_caller, require_management_token
from doorward.management.query import refuse_repeated

MAX_BODY_SIZE = 1024 * 1024
_REFUSALS = {
    400: "The request is malformed, or a rule forbids it.",
    401: "No access token, or one that is not valid.",
    403: "The access token lacks the scope `all`.",
    404: "Something that the request names does not exist.",
    413: "The body is larger than 1 MiB.",
    422: "What the request asks for contradicts what exists.",
    503: "Too busy; try again after `Retry-After` seconds.",
}


def management_router(
    handlers: Iterable[HTTPRouteHandler], *, dependencies: Mapping[str, Provide] | None = None
) -> Router:
    """Return a router whose handlers need an access token of the management API.

    `dependencies` are what a slice needs of slices above it.
    """
    return Router(
        path="/",
        route_handlers=[_with_refusals(handler, _REFUSALS) for handler in handlers],
        guards=[require_management_token],
        before_request=_check_address,
        dependencies={
            "caller": Provide(provide_caller, sync_to_thread=False),
            **(dependencies or {}),
        },
        exception_handlers=error_handlers(),
        dto=StrictBody,
        return_dto=None,
        include_in_schema=True,
        request_max_body_size=MAX_BODY_SIZE,
        security=[{SCHEME: []}],
    )


def public_router(
    handlers: Iterable[HTTPRouteHandler], *, further_refusals: Mapping[int, str] | None = None
) -> Router:
    """Return a router of the API whose handlers need no token of ours, or check one themselves.

    `further_refusals` describes the statuses that these handlers refuse with besides.
    """
    texts = {code: text for code, text in _REFUSALS.items() if code not in {401, 403}}
    texts |= further_refusals or {}
    return Router(
        path="/",
        route_handlers=[_with_refusals(handler, texts) for handler in handlers],
        before_request=_check_address,
        exception_handlers=error_handlers(),
        dto=StrictBody,
        return_dto=None,
        include_in_schema=True,
        request_max_body_size=MAX_BODY_SIZE,
    )


@route(
    "/api/status",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=204,
    tags=["Status"],
)
async def get_status() -> None:
    """Tell that the server is up."""


def _check_address(request: Request[Any, Any, Any]) -> None:
    refuse_nul(request)
    refuse_repeated(request)


def _with_refusals(handler: HTTPRouteHandler, texts: dict[int, str]) -> HTTPRouteHandler:
    handler.responses = {**refusals(texts), **(handler.responses or {})}
    return handler
