"""The explicit table of the console's pages."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide

from doorward.console import (
    application_credentials,
    application_settings,
    applications,
    client_access,
    connectors,
    gallery,
    get_started,
    guides,
    personal_access_tokens,
    resources,
    roles,
    search,
    sign_in,
    sign_in_experience,
    signing_keys,
    theme,
    user_access,
    users,
)
from doorward.console.console import provide_console
from doorward.console.errors import error_handlers, show_unknown_page
from doorward.console.forms import MAX_FORM_SIZE
from doorward.sign_in_experience.settings import FindNameConflicts


def console_router(*, find_name_conflicts: FindNameConflicts) -> Router:
    """Return the router of every page of the console.

    `find_name_conflicts` is what saving the sign-in experience asks of the users.
    """
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
            connectors.show_connectors,
            connectors.show_gallery,
            connectors.show_setup,
            connectors.create_connector,
            connectors.show_connector,
            connectors.save_connector,
            connectors.delete_connector,
            sign_in_experience.show_experience,
            sign_in_experience.show_preview,
            sign_in_experience.show_unsaved_preview,
            sign_in_experience.show_tab,
            sign_in_experience.save_tab,
            users.show_users,
            users.create_user,
            users.show_user,
            users.save_user,
            users.reset_password,
            users.suspend_user,
            users.resume_user,
            users.delete_user,
            users.delete_identity,
            user_access.show_access,
            user_access.end_session,
            user_access.end_everything,
            user_access.revoke_grant,
            personal_access_tokens.show_tokens,
            personal_access_tokens.create_token,
            personal_access_tokens.delete_token,
            resources.show_resources,
            resources.create_resource,
            resources.show_resource,
            resources.save_resource,
            resources.delete_resource,
            resources.create_scope,
            resources.delete_scope,
            roles.show_roles,
            roles.create_role,
            roles.show_role,
            roles.save_role,
            roles.save_scopes,
            roles.assign_role,
            roles.unassign_role,
            roles.delete_role,
            search.search,
            client_access.show_client_access,
            client_access.save_client_access,
            client_access.create_initial_token,
            client_access.delete_initial_token,
            signing_keys.show_signing_keys,
            signing_keys.save_period,
            signing_keys.rotate,
            show_unknown_page,
        ],
        dependencies={
            "console": Provide(provide_console),
            "find_name_conflicts": Provide(lambda: find_name_conflicts, sync_to_thread=False),
        },
        exception_handlers=error_handlers(),
        request_max_body_size=MAX_FORM_SIZE,
    )
