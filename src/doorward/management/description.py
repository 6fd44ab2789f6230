"""The description of the API (OpenAPI 3.1), generated from the declarations of its handlers.

Litestar generates it; `tidy` makes it read well: a summary from each docstring, no union of one,
and no null in queries, where nothing can be null.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from doorward import __version__

SCHEME = "ManagementAccessToken"


def openapi_config() -> OpenAPIConfig:
    """Return what Litestar needs to describe the API."""
    return OpenAPIConfig(
        openapi_router=_NoPages("/api", route_handlers=[]),
        title="Doorward",
        version=__version__,
        description="The management API and the Experience API.",
        components=Components(
            security_schemes={
                SCHEME: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="An access token for https://{tenantId}.logto.app/api, scope all.",
                )
            }
        ),
        use_handler_docstrings=True,
    )


@get("/api/swagger.json", tags=["Status"], media_type="application/json")
async def get_description(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Describe this API."""
    state = request.app.state
    if "description" not in state:
        description = request.app.openapi_schema.to_schema()
        tidy(description)
        state["description"] = msgspec.json.encode(description)
    return Response(state["description"])


def tidy(description: dict[str, Any]) -> None:
    """Rewrite a generated description in place."""
    for operation in _operations(description):
        first, _, rest = operation.get("description", "").partition("\n")
        operation["summary"] = first.rstrip(".")
        if not rest.strip():
            operation.pop("description", None)
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                _forget_null(parameter["schema"])
    _flatten(description)


def _operations(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for methods in description["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict)
    ]


def _forget_null(schema: dict[str, Any]) -> None:
    if "oneOf" in schema:
        schema["oneOf"] = [one for one in schema["oneOf"] if one.get("type") != "null"]


def _flatten(value: Any) -> None:
    """Put the only member of each union in its place."""
    if isinstance(value, list):
        for item in value:
            _flatten(item)
    elif isinstance(value, dict):
        union = value.get("oneOf")
        if isinstance(union, list) and len(union) == 1:
            del value["oneOf"]
            value |= {**union[0], **value}
        for item in value.values():
            _flatten(item)


class _NoPages(Router):
    """Litestar would serve pages that load scripts from elsewhere; `get_description` is enough."""

    def register(self, value: Any) -> list[Any]:
        return []
