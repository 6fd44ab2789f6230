"""The explicit table of the console's pages."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide

from doorward.console import (
    gallery,
    get_started,
    sign_in,
    signing_keys,
    theme,
)
from doorward.console.console import provide_console
from doorward.console.errors import error_handlers
from doorward.console.forms import MAX_FORM_SIZE


def console_router() -> Router:
    """Return the router of every page of the console."""
    return Router(
        path="/",
        route_handlers=[
            sign_in.get_home,
            sign_in.get_welcome,
            sign_in.begin_sign_in,
            sign_in.end_sign_in,
            sign_in.sign_out,
            theme.choose_theme,
            get_started.show_get_started,
            gallery.show_gallery,
            signing_keys.show_signing_keys,
            signing_keys.rotate,
        ],
        dependencies={"console": Provide(provide_console)},
        exception_handlers=error_handlers(),
        request_max_body_size=MAX_FORM_SIZE,
    )
