"""The Litestar half of the server: hosted pages, console, management and Experience API.

Handlers declare what they need by name: `db`, `snapshots`, `clock`, `sealer`, `settings`, `edge`,
`http` (the guarded outbound client), `documents` (the clients known by one), `passwords` (the
hashing pool), `templates`, `texts` and `static` files of the pages. Litestar hands it in; there are
no globals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar, Request, Response
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException

from doorward.api import api_routers, provide_name_conflicts, token_verifier
from doorward.cimd.documents import ClientDocuments
from doorward.console.errors import show_http_exception
from doorward.console.routes import console_router
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpClient
from doorward.management.description import openapi_config
from doorward.management.envelope import Envelope, is_api_path
from doorward.management.errors import render_http_exception
from doorward.oidc.dpop import ProofVerifier
from doorward.pages import Pages, static_route
from doorward.settings import Settings
from doorward.sign_in.errors import render_page_error
from doorward.sign_in.preview import Preview
from doorward.sign_in.routes import sign_in_routers
from doorward.sign_in.surface import PageCache, Surface
from doorward.sign_in_experience.social_targets import forget_social_target
from doorward.storage import Database, Snapshots
from doorward.users.passwords import Passwords
from doorward.users.pwned import PwnedPasswords

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def create_web(
    *,
    settings: Settings,
    db: Database,
    snapshots: Snapshots,
    clock: Clock,
    sealer: Sealer,
    http: HttpClient,
    documents: ClientDocuments,
    proofs: ProofVerifier,
    passwords: Passwords,
    pages: Pages,
    call_internally: Asgi,
) -> Asgi:
    """Return the web application with every route of the surfaces and slices."""
    shared: dict[str, Any] = {
        "settings": settings,
        "db": db,
        "snapshots": snapshots,
        "clock": clock,
        "sealer": sealer,
        "http": http,
        "documents": documents,
        "passwords": passwords,
        "pwned": PwnedPasswords(http=http, range_url=settings.pwned_passwords_url),
        "templates": pages.templates,
        "texts": pages.texts,
        "static": pages.static,
        "render_preview": Preview(pages.templates, pages.texts, pages.static).render,
        "forget_social_target": forget_social_target,
        "call_internally": call_internally,
    }

    sign_in = Surface(
        db=db,
        snapshots=snapshots,
        clock=clock,
        sealer=sealer,
        http=http,
        documents=documents,
        passwords=passwords,
        pwned=shared["pwned"],
        templates=pages.templates,
        texts=pages.texts,
        static=pages.static,
        pages=PageCache(),
    )
    verifier = token_verifier(
        db, snapshots, settings=settings, sealer=sealer, clock=clock, proofs=proofs
    )

    def adapt(config: AppConfig) -> AppConfig:
        config.state = State({**shared, "token_verifier": verifier, "sign_in": sign_in})
        return config

    app = Litestar(
        route_handlers=[*route_handlers(), static_route(pages.static)],
        dependencies={
            **{name: _constant(value) for name, value in shared.items()},
            "edge": Provide(provide_edge, sync_to_thread=False),
        },
        on_app_init=[adapt],
        # What no route answers; routers render what their own handlers raise.
        exception_handlers={HTTPException: render_unrouted},
        openapi_config=openapi_config(),
        include_in_schema=False,
        logging_config=None,
        debug=False,
    )
    return Envelope(app)


def route_handlers() -> list[Any]:
    """Return every handler of the surfaces and slices, in one explicit list."""
    return [
        *api_routers(),
        console_router(find_name_conflicts=provide_name_conflicts()),
        *sign_in_routers(),
    ]


def render_unrouted(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer programs with JSON and people with a page."""
    path = request.scope["path"]
    if is_api_path(path):
        return render_http_exception(request, error)
    if path.startswith("/console/"):
        return show_http_exception(request, error)
    return render_page_error(request, error)


def provide_edge(request: Request[Any, Any, Any]) -> Edge:
    """Hand a handler what the edge knows of its request."""
    edge: Edge = request.scope["state"]["edge"]
    return edge


def _constant(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False, use_cache=True)
