"""Routers of the API: handlers behind the guard, handlers in the open, and their description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme

from doorward import __version__
from doorward.management.body import StrictBody, refuse_nul
from doorward.management.errors import ErrorBody, error_handlers
from doorward.management.guard import provide_caller, require_management_token

MAX_BODY_SIZE = 1024 * 1024
_SCHEME = "ManagementAccessToken"
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
        before_request=refuse_nul,
        dependencies={
            "caller": Provide(provide_caller, sync_to_thread=False),
            **(dependencies or {}),
        },
        exception_handlers=error_handlers(),
        dto=StrictBody,
        return_dto=None,
        include_in_schema=True,
        request_max_body_size=MAX_BODY_SIZE,
        security=[{_SCHEME: []}],
    )


def public_router(handlers: Iterable[HTTPRouteHandler]) -> Router:
    """Return a router of the API whose handlers need no token of ours, or check one themselves."""
    refusals = {code: text for code, text in _REFUSALS.items() if code not in {401, 403}}
    return Router(
        path="/",
        route_handlers=[_with_refusals(handler, refusals) for handler in handlers],
        before_request=refuse_nul,
        exception_handlers=error_handlers(),
        dto=StrictBody,
        return_dto=None,
        include_in_schema=True,
        request_max_body_size=MAX_BODY_SIZE,
    )


def openapi_config() -> OpenAPIConfig:
    """Return what Litestar needs to describe the API."""
    return OpenAPIConfig(
        openapi_router=_NoPages("/api", route_handlers=[]),
        title="Doorward",
        version=__version__,
        description="The management API and the Experience API.",
        components=Components(
            security_schemes={
                _SCHEME: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="An access token for https://{tenantId}.logto.app/api, scope all.",
                )
            }
        ),
        use_handler_docstrings=True,
    )


@get("/api/status", status_code=204, tags=["Status"])
async def get_status() -> None:
    """Tell that the server is up."""


@get("/api/swagger.json", tags=["Status"], media_type="application/json")
async def get_description(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Describe this API (OpenAPI 3.1), generated from the declarations of its handlers."""
    state = request.app.state
    if "description" not in state:
        state["description"] = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(state["description"])


class _NoPages(Router):
    """Litestar would serve pages that load scripts from elsewhere; `get_description` is enough."""

    def register(self, value: Any) -> list[Any]:
        return []


def _with_refusals(handler: HTTPRouteHandler, refusals: dict[int, str]) -> HTTPRouteHandler:
    common = {
        code: ResponseSpec(data_container=ErrorBody, description=text, generate_examples=False)
        for code, text in refusals.items()
    }
    handler.responses = {**common, **(handler.responses or {})}
    return handler
