"""The Litestar half of the server: hosted pages, console, management and Experience API.

Handlers declare what they need by name: `db`, `snapshots`, `clock`, `sealer`, `settings`, `edge`,
`http` (the guarded outbound client). Litestar hands it in; there are no globals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import Provide

from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpClient
from doorward.management.routes import management_routes
from doorward.settings import Settings
from doorward.storage import Database, Snapshots

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def create_web(
    *,
    settings: Settings,
    db: Database,
    snapshots: Snapshots,
    clock: Clock,
    sealer: Sealer,
    http: HttpClient,
    call_internally: Asgi,
) -> Litestar:
    """Return the Litestar application with every route of the surfaces and slices."""
    shared: dict[str, Any] = {
        "settings": settings,
        "db": db,
        "snapshots": snapshots,
        "clock": clock,
        "sealer": sealer,
        "http": http,
        "call_internally": call_internally,
    }

    def adapt(config: AppConfig) -> AppConfig:
        config.state = State(shared)
        return config

    return Litestar(
        route_handlers=route_handlers(),
        dependencies={
            **{name: _constant(value) for name, value in shared.items()},
            "edge": Provide(provide_edge, sync_to_thread=False),
        },
        on_app_init=[adapt],
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def route_handlers() -> list[Any]:
    """Return every handler of the surfaces and slices, in one explicit list."""
    return [*management_routes()]


def provide_edge(request: Request[Any, Any, Any]) -> Edge:
    """Hand a handler what the edge knows of its request."""
    edge: Edge = request.scope["state"]["edge"]
    return edge


def _constant(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False, use_cache=True)
