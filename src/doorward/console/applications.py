"""Applications: the list, making one, deleting one. Details are in `application_settings.py`,
`application_credentials.py` and `guides.py`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post

from doorward.applications import rules, store
from doorward.applications.store import ApplicationFilter
from doorward.applications.tables import Application
from doorward.applications.types import ApplicationType, has_secrets
from doorward.console.console import AnyRequest, Console
from doorward.console.fields import check_text
from doorward.console.frameworks import (
    FRAMEWORK_KEY,
    TYPE_TEXTS,
    Framework,
    find_framework,
    framework_of,
    logo_of,
)
from doorward.console.gallery import card_of
from doorward.console.lists import first_entries, list_query
from doorward.errors import NotFound
from doorward.kit.clock import Clock
from doorward.storage import Database

PAGE = "/console/applications"
EXPIRES_SOON_DAYS = 30
MAX_NAME = 256
MAX_DESCRIPTION = 2048


@get(PAGE, include_in_schema=False)
async def show_applications(
    request: AnyRequest, console: Console, db: Database, clock: Clock
) -> Response[str]:
    """List the applications, newest first."""
    query = list_query(request, "type")
    type_ = request.query_params.get("type", "")
    where = ApplicationFilter(
        types=(type_,) if type_ in TYPE_TEXTS else (),
        search=query.search_in("id", "name", "description"),
    )
    tenant_id = console.tenant_id
    listing = await store.list_applications(
        db, tenant_id=tenant_id, where=where, window=query.window
    )
    everything = await store.list_applications(
        db, tenant_id=tenant_id, where=ApplicationFilter(), window=first_entries(1)
    )
    now = clock.now()
    return console.page(
        "applications.html",
        applications=[
            {
                **application_head(console, application),
                "created_at": application.created_at,
                "secret_expires_in_days": await _days_left(console, db, application, now=now),
            }
            for application in listing.entries
        ],
        search=query.search,
        type=type_,
        types=[
            ("", console.text("applications.all_types")),
            *((value, console.text(key)) for value, key in TYPE_TEXTS.items()),
        ],
        paging=query.paging(listing),
        total_without_filter=everything.total,
    )


@get(f"{PAGE}/new/{{framework_id:str}}", include_in_schema=False)
async def show_new_application(console: Console, framework_id: str) -> Response[str]:
    """Ask for the name of a new application."""
    return _new_application_page(console, _get_framework(framework_id), values={}, errors={})


@post(f"{PAGE}/new/{{framework_id:str}}", include_in_schema=False)
async def create_application(
    console: Console, framework_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Make an application and lead to its guide."""
    framework, form = _get_framework(framework_id), console.form
    values = {name: form.text(name) for name in ("name", "description", "type")}
    type_ = framework.type or values["type"]

    # 1. What was typed.
    errors = check_text(console, values, name=MAX_NAME) | check_text(
        console, values, is_required=False, description=MAX_DESCRIPTION
    )
    if type_ not in TYPE_TEXTS:
        errors["type"] = console.text("error.choose")
    if errors:
        return _new_application_page(console, framework, values=values, errors=errors, status=422)

    # 2. The application, which remembers its framework for the guide.
    async with db.transaction(console.tenant_id) as tx:
        application = await rules.create_application(
            tx,
            tenant_id=console.tenant_id,
            name=values["name"],
            type_=type_,
            description=values["description"] or None,
            oidc_client_metadata={"redirectUris": [], "postLogoutRedirectUris": []},
            # RFC 9700 section 2.1.1; where there is no secret, it is no switch.
            custom_client_metadata=(
                {"requirePkce": True} if type_ == ApplicationType.TRADITIONAL else {}
            ),
            custom_data={FRAMEWORK_KEY: framework.id},
            is_third_party=False,
            sealer=console.sealer,
            now=clock.now(),
        )
        await console.audit(
            tx, "Application.Created", at=clock.now(), id=application.id, name=application.name
        )
    return console.redirect(f"{PAGE}/{application.id}/guide?new=1")


@post(f"{PAGE}/{{application_id:str}}/delete", include_in_schema=False)
async def delete_application(
    console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Delete an application."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
        application = await rules.get_application(
            tx, tenant_id=tenant_id, application_id=application_id
        )
        await rules.delete_application(tx, tenant_id=tenant_id, application_id=application_id)
        await console.audit(
            tx, "Application.Deleted", at=clock.now(), id=application_id, name=application.name
        )
    return console.redirect(PAGE, toast="toast.deleted", name=application.name)


def application_head(console: Console, application: Application) -> dict[str, Any]:
    """Return what the head of an application's pages and its row in lists show."""
    type_key = TYPE_TEXTS.get(ApplicationType(application.type))
    return {
        "id": application.id,
        "name": application.name,
        "description": application.description,
        "type": application.type,
        "type_name": console.text(type_key) if type_key else application.type,
        "logo_url": logo_of(application.type, application.custom_data, static=console.static),
        "has_guide": type_key is not None,
        "framework": framework_of(application.type, application.custom_data),
    }


def days_until(moment: datetime, *, now: datetime) -> int:
    """Return the days that are left, one that has begun among them; at least 0."""
    return max(0, -((now - moment) // timedelta(days=1)))


def _get_framework(framework_id: str) -> Framework:
    framework = find_framework(framework_id)
    if framework is None:
        raise NotFound("framework", framework_id)
    return framework


def _new_application_page(
    console: Console,
    framework: Framework,
    *,
    values: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response[str]:
    types = [
        {"value": type_, "title": console.text(key), "text": console.text(f"{key}_help")}
        for type_, key in TYPE_TEXTS.items()
    ]
    return console.page(
        "application_new.html",
        status=status,
        framework=card_of(console, framework),
        types=[] if framework.type else types,
        values=values,
        errors=errors,
    )


async def _days_left(
    console: Console, db: Database, application: Application, *, now: datetime
) -> int | None:
    """Return the days until the first live secret expires, None unless that is soon."""
    if not has_secrets(application.type):
        return None
    secrets = await store.list_secrets(
        db, tenant_id=console.tenant_id, application_id=application.id
    )
    left = [
        days_until(secret.expires_at, now=now)
        for secret in secrets
        if secret.expires_at is not None and secret.expires_at > now
    ]
    return min(left) if left and min(left) <= EXPIRES_SOON_DAYS else None
