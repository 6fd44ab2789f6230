"""Integration guides: steps with code that holds the application's own values, and forms that save
its redirect URIs from inside the guide. The texts are in templates/guides, one for each framework.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, get, post

from doorward.applications import rules
from doorward.applications.tables import Application
from doorward.applications.types import ApplicationType, has_secrets
from doorward.console.application_credentials import find_secret_value
from doorward.console.applications import PAGE, application_head
from doorward.console.console import AnyRequest, Console
from doorward.console.fields import check_redirect_uris
from doorward.console.frameworks import Framework, framework_of
from doorward.console.gallery import card_of
from doorward.kit.clock import Clock
from doorward.storage import Database
from doorward.tenants.seed import management_indicator

SECRET_PLACEHOLDER = "<app-secret>"  # noqa: S105 (stands in code for a secret that is not there)
_MEMBERS = {"redirect_uris": "redirectUris", "post_logout_redirect_uris": "postLogoutRedirectUris"}


@get(f"{PAGE}/{{application_id:str}}/guide", include_in_schema=False)
async def show_guide(
    request: AnyRequest, console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Show the guide of an application."""
    application = await rules.get_application(
        db, tenant_id=console.tenant_id, application_id=application_id
    )
    is_new = "new" in request.query_params
    return await _page(console, db, application, now=clock.now(), is_new=is_new)


@post(f"{PAGE}/{{application_id:str}}/guide", include_in_schema=False)
async def save_uris(
    request: AnyRequest, console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Save the redirect URIs, or those after signing out, and come back to the guide."""
    tenant_id = console.tenant_id
    application = await rules.get_application(
        db, tenant_id=tenant_id, application_id=application_id
    )
    typed = console.form.text("save")
    which = typed if typed in _MEMBERS else "redirect_uris"
    member = _MEMBERS[which]
    uris = console.form.texts(which)
    is_new = "new" in request.query_params
    errors = check_redirect_uris(console, uris)
    if errors:
        return await _page(
            console,
            db,
            application,
            now=clock.now(),
            is_new=is_new,
            typed={which: uris},
            errors={which: errors},
            status=422,
        )
    metadata = {**application.oidc_client_metadata, member: uris}
    async with db.transaction(tenant_id) as tx:
        await rules.update_application(
            tx,
            tenant_id=tenant_id,
            application_id=application_id,
            changes={"oidc_client_metadata": metadata},
        )
        await console.audit(tx, "Application.Updated", at=clock.now(), id=application_id)
    suffix = "?new=1" if is_new else ""
    return console.redirect(
        f"{PAGE}/{application_id}/guide{suffix}#{which}-form", toast="toast.saved"
    )


async def _page(
    console: Console,
    db: Database,
    application: Application,
    *,
    now: datetime,
    is_new: bool,
    typed: dict[str, list[str]] | None = None,
    errors: dict[str, Any] | None = None,
    status: int = 200,
) -> Response[str]:
    framework = framework_of(application.type, application.custom_data)
    metadata = application.oidc_client_metadata
    stored = {which: metadata.get(member, []) for which, member in _MEMBERS.items()}
    uris = stored | (typed or {})
    secret = await find_secret_value(console, db, application, now=now)
    lacks_secret = secret is None and has_secrets(application.type)
    guide = guide_name(framework, application.type)
    return console.page(
        f"guides/{guide}.html",
        status=status,
        guide_name=guide,
        application=application_head(console, application),
        framework=card_of(console, framework),
        is_new=is_new,
        endpoint=console.endpoint,
        issuer=f"{console.endpoint}/oidc",
        secret=SECRET_PLACEHOLDER if lacks_secret else secret,
        lacks_secret=lacks_secret,
        default_redirect_uri=framework.redirect_uri,
        default_post_logout_redirect_uri=framework.post_logout_redirect_uri,
        uris=uris,
        errors=errors or {},
        api_resource=management_indicator(console.tenant_id),
    )


def guide_name(framework: Framework, type_: str) -> str:
    """Return the name of a guide's template; "other" made for a machine shows the machine's."""
    if framework.type is None and type_ == ApplicationType.MACHINE_TO_MACHINE:
        return "machine"
    return framework.id
