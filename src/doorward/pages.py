"""Templates, texts and static files of all surfaces, read once at start.

    pages = open_pages()
    pages.templates.render("sign_in/sign_in.html", catalogue=pages.texts.get("en"), ...)

Static files are served from memory at /static/<digest>/<name>.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from doorward.kit.html import Pages as Templates
from doorward.kit.i18n import Catalogues
from doorward.kit.static_files import StaticFiles

SURFACES = {
    "kit": "doorward.kit",
    "oidc": "doorward.oidc",
    "sign_in": "doorward.sign_in",
    "console": "doorward.console",
}
BUNDLES = {
    "console-page.css": ("tokens.css", "controls.css", "console-controls.css", "console.css"),
}


class Pages(msgspec.Struct, frozen=True):
    """What every surface needs to show a page."""

    templates: Templates
    texts: Catalogues
    static: StaticFiles


def open_pages() -> Pages:
    """Read static files and prepare templates and texts."""
    static = StaticFiles(
        [("doorward.kit", "static"), ("doorward.console", "static")], bundles=BUNDLES
    )
    return Pages(
        templates=Templates(SURFACES, static=static),
        texts=Catalogues([("doorward.sign_in", "locales"), ("doorward.console", "locales")]),
        static=static,
    )


def static_route(static: StaticFiles) -> HTTPRouteHandler:
    """Return the handler of /static."""

    @get("/static/{path:path}", include_in_schema=False, sync_to_thread=False)
    def get_static_file(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = request.headers
        answer = static.respond(
            request.scope["path"],
            accept_encoding=headers.get("accept-encoding", ""),
            if_none_match=headers.get("if-none-match", ""),
        )
        return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))

    return get_static_file
