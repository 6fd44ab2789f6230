"""The personal access tokens of a user: making one, which is shown once, and deleting it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post

from doorward.console.application_credentials import LIFETIMES
from doorward.console.applications import days_until
from doorward.console.console import Console
from doorward.console.fields import check_text
from doorward.console.users import PAGE, name_of
from doorward.kit.clock import Clock
from doorward.personal_access_tokens import rules
from doorward.personal_access_tokens.store import SEAL_PURPOSE
from doorward.personal_access_tokens.tables import PersonalAccessToken
from doorward.storage import Database, UniqueViolation
from doorward.users.accounts import get_user

MAX_NAME = 256
_PATH = f"{PAGE}/{{user_id:str}}/personal-access-tokens"


@get(_PATH, include_in_schema=False)
async def show_tokens(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """List the tokens of a user, without their values."""
    return await _page(console, db, user_id, now=clock.now(), values={}, errors={})


@post(_PATH, include_in_schema=False)
async def create_token(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Make a token and show its value: in this answer, and on no page after it."""
    tenant_id, now = console.tenant_id, clock.now()
    values = {name: console.form.text(name) for name in ("name", "expires_in_days")}
    errors = check_text(console, values, name=MAX_NAME)
    if values["expires_in_days"] not in LIFETIMES:
        errors["expires_in_days"] = console.text("error.choose")
    made = None
    if not errors:
        days = console.form.integer("expires_in_days")
        try:
            async with db.transaction(tenant_id) as tx:
                made = await rules.create_token(
                    tx,
                    tenant_id=tenant_id,
                    user_id=user_id,
                    name=values["name"],
                    expires_at=None if days is None else now + timedelta(days=days),
                    sealer=console.sealer,
                    now=now,
                )
                await console.audit(
                    tx, "User.PersonalAccessToken.Created", at=now, id=user_id, name=made.name
                )
        except UniqueViolation:
            errors["name"] = console.text("error.token_name_in_use")
    return await _page(
        console,
        db,
        user_id,
        now=now,
        values=values if errors else {},
        errors=errors,
        made=made,
        status=422 if errors else 200,
    )


@post(f"{_PATH}/delete", include_in_schema=False)
async def delete_token(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Delete a token; it can no longer be exchanged."""
    name = console.form.text("name")
    async with db.transaction(console.tenant_id) as tx:
        await rules.delete_token(tx, tenant_id=console.tenant_id, user_id=user_id, name=name)
        await console.audit(
            tx, "User.PersonalAccessToken.Deleted", at=clock.now(), id=user_id, name=name
        )
    return console.redirect(
        f"{PAGE}/{user_id}/personal-access-tokens", toast="toast.deleted", name=name
    )


async def _page(
    console: Console,
    db: Database,
    user_id: str,
    *,
    now: datetime,
    values: dict[str, str],
    errors: dict[str, str],
    made: PersonalAccessToken | None = None,
    status: int = 200,
) -> Response[str]:
    tenant_id = console.tenant_id
    user = await get_user(db, tenant_id=tenant_id, user_id=user_id)
    tokens = await rules.list_tokens(db, tenant_id=tenant_id, user_id=user_id)
    return console.page(
        "personal_access_tokens.html",
        status=status,
        user={
            "id": user.id,
            "shown_name": name_of(console, user),
            "avatar_url": user.avatar,
            "is_suspended": user.is_suspended,
        },
        tokens=[_row(token, now) for token in tokens],
        made=made and console.sealer.unseal(made.value, purpose=SEAL_PURPOSE),
        made_name=made and made.name,
        lifetimes=[
            (days, console.text("credentials.days", days=days) if days else _never(console))
            for days in LIFETIMES
        ],
        values=values,
        errors=errors,
    )


def _never(console: Console) -> str:
    return console.text("credentials.never")


def _row(token: PersonalAccessToken, now: datetime) -> dict[str, Any]:
    expires_at = token.expires_at
    return {
        "name": token.name,
        "created_at": token.created_at,
        "expires_at": expires_at,
        "is_expired": expires_at is not None and expires_at <= now,
        "expires_in_days": None if expires_at is None else days_until(expires_at, now=now),
    }
