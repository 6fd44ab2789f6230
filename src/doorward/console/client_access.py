"""What is demanded of sign-in requests, and which clients may come without an administrator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException

from doorward.cimd import config as cimd
from doorward.cimd.documents import ClientDocuments
from doorward.console.application_credentials import LIFETIMES
from doorward.console.applications import days_until
from doorward.console.console import Console
from doorward.console.fields import Errors, check_text
from doorward.kit.clock import Clock
from doorward.registration import config as registration
from doorward.registration import rules, store
from doorward.registration.config import Mode
from doorward.registration.tables import InitialAccessToken
from doorward.storage import Database, config_changed
from doorward.tenants import request_policy
from doorward.tenants.request_policy import RequestPolicy
from doorward.tenants.store import find_config, save_config

PAGE = "/console/client-access"
MAX_NAME = 256
MAX_USES = 1_000_000
MAX_UNUSED_DAYS = 3650
_TOKENS = f"{PAGE}/initial-access-tokens"


@get(PAGE, include_in_schema=False)
async def show_client_access(
    console: Console, db: Database, documents: ClientDocuments, clock: Clock
) -> Response[str]:
    """Show the settings, and the initial access tokens without their values."""
    return await _page(console, db, documents, now=clock.now())


@post(PAGE, include_in_schema=False)
async def save_client_access(
    console: Console, db: Database, documents: ClientDocuments, clock: Clock
) -> Response[str]:
    """Change the settings."""
    tenant_id, form, now = console.tenant_id, console.form, clock.now()

    # 1. What was typed. A switch that the page does not offer is never on.
    values: dict[str, Any] = {
        "require_par": form.is_on("require_par"),
        "require_signed": form.is_on("require_signed"),
        "takes_documents": form.is_on("takes_documents") and documents.is_guarded,
        "mode": form.text("mode"),
        "unused_client_days": form.text("unused_client_days"),
    }
    errors: Errors = {}
    if values["mode"] not in set(Mode):
        errors["mode"] = console.text("error.choose")
    days = form.integer("unused_client_days")
    if days is None or not 0 <= days <= MAX_UNUSED_DAYS:
        errors["unused_client_days"] = console.text("error.range", min=0, max=MAX_UNUSED_DAYS)
    if errors:
        return await _page(
            console, db, documents, now=now, values=values, errors=errors, status=422
        )

    # 2. Members of the configuration that this page does not show stay as they are.
    async with db.transaction(tenant_id) as tx:
        await config_changed(tx, tenant_id)
        known = await registration.find_registration_config(tx, tenant_id=tenant_id)
        changed = {
            request_policy.KEY: RequestPolicy(
                require_pushed_authorization_requests=values["require_par"],
                require_signed_request_object=values["require_signed"],
            ),
            cimd.KEY: {"enabled": values["takes_documents"]},
            registration.KEY: msgspec.structs.replace(
                known, mode=Mode(values["mode"]), unused_client_days=days
            ),
        }
        for key, value in changed.items():
            await save_config(
                tx, tenant_id=tenant_id, key=key, value=msgspec.to_builtins(value), now=now
            )
        await console.audit(tx, "ClientAccess.Updated", at=now, **values)
    return console.redirect(PAGE, toast="toast.saved")


@post(_TOKENS, include_in_schema=False)
async def create_initial_token(
    console: Console, db: Database, documents: ClientDocuments, clock: Clock
) -> Response[str]:
    """Make an initial access token and show its value: in this answer, and on no page after it."""
    form, now = console.form, clock.now()
    values = {name: form.text(name) for name in ("name", "uses", "expires_in_days")}
    errors = check_text(console, values, name=MAX_NAME)
    uses = form.integer("uses")
    if values["uses"] and (uses is None or not 1 <= uses <= MAX_USES):
        errors["uses"] = console.text("error.range", min=1, max=MAX_USES)
    if values["expires_in_days"] not in LIFETIMES:
        errors["expires_in_days"] = console.text("error.choose")
    if errors:
        return await _page(
            console, db, documents, now=now, typed=values, token_errors=errors, status=422
        )
    days = form.integer("expires_in_days")
    async with db.transaction(console.tenant_id) as tx:
        value, token = await rules.create_initial_access_token(
            tx,
            tenant_id=console.tenant_id,
            name=values["name"],
            uses=uses,
            expires_at=None if days is None else now + timedelta(days=days),
            now=now,
        )
        await console.audit(tx, "InitialAccessToken.Created", at=now, id=token.id, name=token.name)
    return await _page(console, db, documents, now=now, made=value, made_name=token.name)


@post(f"{_TOKENS}/delete", include_in_schema=False)
async def delete_initial_token(console: Console, db: Database, clock: Clock) -> Response[str]:
    """Delete an initial access token; clients that were registered with it stay."""
    token_id = console.form.text("token_id")
    async with db.transaction(console.tenant_id) as tx:
        if not await store.delete_initial_access_token(
            tx, tenant_id=console.tenant_id, token_id=token_id
        ):
            raise NotFoundException
        await console.audit(tx, "InitialAccessToken.Deleted", at=clock.now(), id=token_id)
    return console.redirect(PAGE, toast="toast.removed")


async def _page(
    console: Console,
    db: Database,
    documents: ClientDocuments,
    *,
    now: datetime,
    values: dict[str, Any] | None = None,
    errors: Errors | None = None,
    typed: dict[str, str] | None = None,
    token_errors: Errors | None = None,
    made: str | None = None,
    made_name: str | None = None,
    status: int = 200,
) -> Response[str]:
    tokens = await store.list_initial_access_tokens(db, tenant_id=console.tenant_id)
    return console.page(
        "client_access.html",
        status=status,
        values=values or await _stored(console, db),
        errors=errors or {},
        can_take_documents=documents.is_guarded,
        modes=[
            {
                "value": str(mode),
                "title": console.text(f"client_access.mode.{mode}"),
                "text": console.text(f"client_access.mode.{mode}_help"),
            }
            for mode in Mode
        ],
        tokens=[_token_row(token, now) for token in tokens],
        lifetimes=[
            (
                days,
                console.text("credentials.days", days=days)
                if days
                else console.text("credentials.never"),
            )
            for days in LIFETIMES
        ],
        typed=typed or {},
        token_errors=token_errors or {},
        made=made,
        made_name=made_name,
    )


async def _stored(console: Console, db: Database) -> dict[str, Any]:
    tenant_id = console.tenant_id
    value = await find_config(db, tenant_id=tenant_id, key=request_policy.KEY)
    policy = msgspec.convert(value or {}, RequestPolicy)
    known = await registration.find_registration_config(db, tenant_id=tenant_id)
    return {
        "require_par": policy.require_pushed_authorization_requests,
        "require_signed": policy.require_signed_request_object,
        "takes_documents": await cimd.find_enabled(db, tenant_id=tenant_id),
        "mode": str(known.mode),
        "unused_client_days": known.unused_client_days,
    }


def _token_row(token: InitialAccessToken, now: datetime) -> dict[str, Any]:
    expires_at = token.expires_at
    return {
        "id": token.id,
        "name": token.name,
        "remaining_uses": token.remaining_uses,
        "expires_at": expires_at,
        "is_expired": expires_at is not None and expires_at <= now,
        "expires_in_days": None if expires_at is None else days_until(expires_at, now=now),
        "created_at": token.created_at,
    }
