"""An application's endpoints and its named secrets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post

from doorward.applications import rules, store
from doorward.applications.store import SEAL_PURPOSE
from doorward.applications.tables import Application, ApplicationSecret
from doorward.applications.types import has_secrets
from doorward.console.applications import (
    MAX_NAME,
    PAGE,
    application_head,
    days_until,
)
from doorward.console.console import Console
from doorward.console.fields import check_text
from doorward.kit.clock import Clock
from doorward.storage import Database, UniqueViolation

LIFETIMES = ("", "7", "30", "90", "180", "365")
"""Days that a new secret may live; "" is for ever."""


@get(f"{PAGE}/{{application_id:str}}/credentials", include_in_schema=False)
async def show_credentials(
    console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Show endpoints and secrets."""
    application = await rules.get_application(
        db, tenant_id=console.tenant_id, application_id=application_id
    )
    return await _page(console, db, application, now=clock.now(), values={}, errors={})


@post(f"{PAGE}/{{application_id:str}}/secrets", include_in_schema=False)
async def create_secret(
    console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Make a secret."""
    tenant_id, now = console.tenant_id, clock.now()
    application = await rules.get_application(
        db, tenant_id=tenant_id, application_id=application_id
    )
    values = {name: console.form.text(name) for name in ("name", "expires_in_days")}
    errors = check_text(console, values, name=MAX_NAME)
    if values["expires_in_days"] not in LIFETIMES:
        errors["expires_in_days"] = console.text("error.choose")
    if not errors:
        days = console.form.integer("expires_in_days")
        try:
            async with db.transaction(tenant_id) as tx:
                await rules.create_secret(
                    tx,
                    tenant_id=tenant_id,
                    application_id=application_id,
                    name=values["name"],
                    expires_at=None if days is None else now + timedelta(days=days),
                    sealer=console.sealer,
                    now=now,
                )
                await console.audit(
                    tx,
                    "Application.Secret.Created",
                    at=now,
                    id=application_id,
                    name=values["name"],
                )
        except UniqueViolation:
            errors["name"] = console.text("error.secret_name_in_use")
    if errors:
        return await _page(
            console, db, application, now=now, values=values, errors=errors, status=422
        )
    return console.redirect(
        f"{PAGE}/{application_id}/credentials", toast="toast.created", name=values["name"]
    )


@post(f"{PAGE}/{{application_id:str}}/secrets/delete", include_in_schema=False)
async def delete_secret(
    console: Console, application_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Delete a secret; it stops working at once."""
    name = console.form.text("name")
    async with db.transaction(console.tenant_id) as tx:
        await rules.delete_secret(
            tx, tenant_id=console.tenant_id, application_id=application_id, name=name
        )
        await console.audit(
            tx, "Application.Secret.Deleted", at=clock.now(), id=application_id, name=name
        )
    return console.redirect(
        f"{PAGE}/{application_id}/credentials", toast="toast.deleted", name=name
    )


async def find_secret_value(
    console: Console, db: Database, application: Application, *, now: datetime
) -> str | None:
    """Return the value of the first live secret, None for applications without one."""
    if not has_secrets(application.type):
        return None
    secrets = await store.list_secrets(
        db, tenant_id=console.tenant_id, application_id=application.id
    )
    live = [secret for secret in secrets if not _is_expired(secret, now)]
    return console.sealer.unseal(live[0].value, purpose=SEAL_PURPOSE) if live else None


async def _page(
    console: Console,
    db: Database,
    application: Application,
    *,
    now: datetime,
    values: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response[str]:
    secrets = (
        await store.list_secrets(db, tenant_id=console.tenant_id, application_id=application.id)
        if has_secrets(application.type)
        else []
    )
    return console.page(
        "application_credentials.html",
        status=status,
        application=application_head(console, application),
        tab="credentials",
        endpoints=_endpoints(console),
        has_secrets=has_secrets(application.type),
        secrets=[_secret_row(console, secret, now) for secret in secrets],
        lifetimes=[
            (days, console.text("credentials.days", days=days) if days else _never(console))
            for days in LIFETIMES
        ],
        values=values,
        errors=errors,
    )


def _never(console: Console) -> str:
    return console.text("credentials.never")


def _endpoints(console: Console) -> list[tuple[str, str]]:
    issuer = f"{console.endpoint}/oidc"
    return [
        (console.text(f"endpoint.{key}"), f"{issuer}{path}")
        for key, path in (
            ("issuer", ""),
            ("discovery", "/.well-known/openid-configuration"),
            ("authorization", "/auth"),
            ("token", "/token"),
            ("userinfo", "/me"),
            ("end_session", "/session/end"),
            ("jwks", "/jwks"),
        )
    ]


def _is_expired(secret: ApplicationSecret, now: datetime) -> bool:
    return secret.expires_at is not None and secret.expires_at <= now


def _secret_row(console: Console, secret: ApplicationSecret, now: datetime) -> dict[str, Any]:
    expires_at = secret.expires_at
    return {
        "name": secret.name,
        "value": console.sealer.unseal(secret.value, purpose=SEAL_PURPOSE),
        "created_at": secret.created_at,
        "expires_at": expires_at,
        "is_expired": _is_expired(secret, now),
        "expires_in_days": None if expires_at is None else days_until(expires_at, now=now),
    }
