"""An application's settings: name, redirects, security, sign-out, refresh tokens, exchange."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from doorward.applications import rules
from doorward.applications.cached import DEFAULT_REFRESH_TOKEN_DAYS
from doorward.applications.metadata_checks import find_metadata_faults
from doorward.applications.tables import Application
from doorward.applications.types import ApplicationType
from doorward.console.applications import (
    MAX_DESCRIPTION,
    MAX_NAME,
    PAGE,
    application_head,
)
from doorward.console.console import Console
from doorward.console.fields import (
    check_origins,
    check_redirect_uris,
    check_text,
    check_urls,
    typed_origins,
)
from doorward.kit.clock import Clock
from doorward.storage import Database

MAX_DAYS = 180
_SIGN_OUT_URIS = {
    "backchannel_logout_uri": "backchannelLogoutUri",
    "frontchannel_logout_uri": "frontchannelLogoutUri",
}


@get(f"{PAGE}/{{application_id:str}}", include_in_schema=False)
async def show_settings(console: Console, application_id: str, db: Database) -> Response[str]:
    """Show the settings of an application."""
    application = await rules.get_application(
        db, tenant_id=console.tenant_id, application_id=application_id
    )
    return _page(console, application, values=_stored(application), errors={})


@post(f"{PAGE}/{{application_id:str}}", include_in_schema=False)
async def save_settings(
    console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Change an application."""
    tenant_id = console.tenant_id
    application = await rules.get_application(
        db, tenant_id=tenant_id, application_id=application_id
    )

    # 1. What was typed.
    values = _typed(console, application)
    errors = _check(console, application, values)
    if errors:
        return _page(console, application, values=values, errors=errors, status=422)

    # 2. Members that this page does not show stay as they are.
    changes: dict[str, Any] = {
        "name": values["name"],
        "description": values["description"] or None,
        "custom_client_metadata": {
            **application.custom_client_metadata,
            **_client_metadata(application, values),
        },
        "oidc_client_metadata": _oidc_metadata(application, values),
    }
    async with db.transaction(tenant_id) as tx:
        await rules.update_application(
            tx, tenant_id=tenant_id, application_id=application_id, changes=changes
        )
        await console.audit(tx, "Application.Updated", at=clock.now(), id=application_id)
    return console.redirect(f"{PAGE}/{application_id}", toast="toast.saved")


def _stored(application: Application) -> dict[str, Any]:
    oidc, custom = application.oidc_client_metadata, application.custom_client_metadata
    seconds = custom.get("refreshTokenTtl")
    days = custom.get("refreshTokenTtlInDays") or (seconds and max(1, seconds // 86400))
    return {
        "name": application.name,
        "description": application.description or "",
        "redirect_uris": oidc.get("redirectUris", []),
        "post_logout_redirect_uris": oidc.get("postLogoutRedirectUris", []),
        "cors_allowed_origins": custom.get("corsAllowedOrigins", []),
        "refresh_token_ttl_in_days": days or DEFAULT_REFRESH_TOKEN_DAYS,
        "require_pkce": custom.get("requirePkce", False),
        "require_par": oidc.get("requirePushedAuthorizationRequests", False),
        "bind_to_dpop": oidc.get("dpopBoundAccessTokens", False),
        **{name: oidc.get(wire) or "" for name, wire in _SIGN_OUT_URIS.items()},
        "always_issue_refresh_token": custom.get("alwaysIssueRefreshToken", False),
        "rotate_refresh_token": custom.get("rotateRefreshToken", True),
        "allow_token_exchange": custom.get("allowTokenExchange", False),
    }


def _typed(console: Console, application: Application) -> dict[str, Any]:
    form = console.form
    values: dict[str, Any] = {name: form.text(name) for name in ("name", "description")}
    for name in ("allow_token_exchange", "bind_to_dpop"):
        values[name] = form.is_on(name)
    if application.type == ApplicationType.MACHINE_TO_MACHINE:
        return _stored(application) | values
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        values[name] = form.texts(name)
    values["cors_allowed_origins"] = typed_origins(form, "cors_allowed_origins")
    for name in _SIGN_OUT_URIS:
        values[name] = form.text(name)
    for name in (
        "require_pkce",
        "require_par",
        "always_issue_refresh_token",
        "rotate_refresh_token",
    ):
        values[name] = form.is_on(name)
    values["refresh_token_ttl_in_days"] = form.text("refresh_token_ttl_in_days")
    return values


def _check(console: Console, application: Application, values: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = {
        **check_text(console, values, name=MAX_NAME),
        **check_text(console, values, is_required=False, description=MAX_DESCRIPTION),
    }
    if application.type == ApplicationType.MACHINE_TO_MACHINE:
        return errors
    lists = {
        "redirect_uris": check_redirect_uris(console, values["redirect_uris"]),
        "post_logout_redirect_uris": check_redirect_uris(
            console, values["post_logout_redirect_uris"]
        ),
        "cors_allowed_origins": check_origins(console, values["cors_allowed_origins"]),
    }
    errors |= check_urls(console, values, *_SIGN_OUT_URIS)
    faults = dict(find_metadata_faults(_oidc_metadata(application, values), type_=application.type))
    if "frontchannelLogoutUri" in faults:
        errors.setdefault("frontchannel_logout_uri", console.text("error.logout_origin"))
    days = console.form.integer("refresh_token_ttl_in_days")
    if days is None or not 1 <= days <= MAX_DAYS:
        errors["refresh_token_ttl_in_days"] = console.text("error.range", min=1, max=MAX_DAYS)
    return errors | {name: found for name, found in lists.items() if found}


def _oidc_metadata(application: Application, values: dict[str, Any]) -> dict[str, Any]:
    """Return the stored members with those of this page; what is not set is left out."""
    members: dict[str, Any] = {"dpopBoundAccessTokens": values["bind_to_dpop"] or None}
    if application.type != ApplicationType.MACHINE_TO_MACHINE:
        members |= {
            "redirectUris": values["redirect_uris"],
            "postLogoutRedirectUris": values["post_logout_redirect_uris"],
            "requirePushedAuthorizationRequests": values["require_par"] or None,
            **{wire: values[name] or None for name, wire in _SIGN_OUT_URIS.items()},
        }
    changed = application.oidc_client_metadata | members
    return {name: value for name, value in changed.items() if value is not None}


def _client_metadata(application: Application, values: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    # RFC 8693: an application of a third party never exchanges tokens, so it has no such switch.
    if not application.is_third_party:
        members["allowTokenExchange"] = values["allow_token_exchange"]
    if application.type == ApplicationType.MACHINE_TO_MACHINE:
        return members
    members["corsAllowedOrigins"] = values["cors_allowed_origins"]
    members["refreshTokenTtlInDays"] = int(values["refresh_token_ttl_in_days"])
    if application.type == ApplicationType.TRADITIONAL:
        members["requirePkce"] = values["require_pkce"]
        members["alwaysIssueRefreshToken"] = values["always_issue_refresh_token"]
        members["rotateRefreshToken"] = values["rotate_refresh_token"]
    return members


def _page(
    console: Console,
    application: Application,
    *,
    values: dict[str, Any],
    errors: dict[str, Any],
    status: int = 200,
) -> Response[str]:
    return console.page(
        "application_settings.html",
        status=status,
        application=application_head(console, application),
        tab="settings",
        is_third_party=application.is_third_party,
        values=values,
        errors=errors,
    )
