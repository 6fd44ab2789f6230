"""The explicit table of the console's pages."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide

from doorward.console import (
    application_credentials,
    application_settings,
    applications,
    gallery,
    get_started,
    guides,
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
            applications.show_applications,
            applications.show_new_application,
            applications.create_application,
            applications.delete_application,
            application_settings.show_settings,
            application_settings.save_settings,
            application_credentials.show_credentials,
            application_credentials.create_secret,
            application_credentials.delete_secret,
            guides.show_guide,
            guides.save_uris,
            signing_keys.show_signing_keys,
            signing_keys.rotate,
        ],
        dependencies={"console": Provide(provide_console)},
        exception_handlers=error_handlers(),
        request_max_body_size=MAX_FORM_SIZE,
    )
