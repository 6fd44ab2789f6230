"""The console's theme, remembered by the browser."""

from __future__ import annotations

from datetime import timedelta

from litestar import Response, post

from doorward.console.console import (
    THEME_COOKIE,
    AnyRequest,
    Console,
    keep_cookie,
    referring_page,
)
from doorward.console.sign_in import local_path

_LIFETIME = timedelta(days=400)


@post("/console/theme", include_in_schema=False)
async def choose_theme(request: AnyRequest, console: Console) -> Response[str]:
    """Keep the theme and go back to the page it was chosen on."""
    response = console.redirect(local_path(referring_page(request)))
    theme = console.form.text("theme")
    if theme in {"system", "light", "dark"}:
        keep_cookie(response, THEME_COOKIE, theme, edge=console.edge, lifetime=_LIFETIME)
    return response
