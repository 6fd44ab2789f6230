"""Signing keys: which there are, rotating them, and how often they rotate by themselves."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get, post

from doorward.console.console import Console
from doorward.keys.rotation import JWKS_CACHE_TIME, apply_policy, rotate_keys
from doorward.keys.store import find_policy, list_keys
from doorward.keys.timeline import DEFAULT_SET, current_of, key_sets, newest_first, statuses
from doorward.kit.clock import Clock
from doorward.storage import Database, config_changed

PAGE = "/console/signing-keys"
MAX_PERIOD = 3650


@get(PAGE, include_in_schema=False)
async def show_signing_keys(console: Console, db: Database, clock: Clock) -> Response[str]:
    """List the keys: the next one, the one that signs, those that still verify."""
    policy = await find_policy(db, tenant_id=console.tenant_id)
    return await _page(console, db, now=clock.now(), period=policy.rotation_period_in_days)


@post(PAGE, include_in_schema=False)
async def save_period(console: Console, db: Database, clock: Clock) -> Response[str]:
    """Choose how often keys rotate by themselves."""
    tenant_id, typed = console.tenant_id, console.form.text("period")
    days = console.form.integer("period")
    if days is None or not 0 <= days <= MAX_PERIOD:
        error = console.text("error.range", min=0, max=MAX_PERIOD)
        return await _page(
            console, db, now=clock.now(), period=typed, errors={"period": error}, status=422
        )
    async with db.transaction(tenant_id) as tx:
        known = await find_policy(tx, tenant_id=tenant_id)
        await apply_policy(
            tx,
            tenant_id=tenant_id,
            policy=msgspec.structs.replace(known, rotation_period_in_days=days),
            sealer=console.sealer,
            clock=clock,
        )
        await console.audit(tx, "SigningKey.PeriodChanged", at=clock.now(), days=days)
    return console.redirect(PAGE, toast="toast.saved")


@post(f"{PAGE}/rotate", include_in_schema=False)
async def rotate(console: Console, db: Database, clock: Clock) -> Response[str]:
    """Publish a new key of the same algorithm now, and let it sign once every client knows it."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
        # Counted first, so that two who rotate at once take turns and one key is current.
        await config_changed(tx, tenant_id)
        stored = await list_keys(tx, tenant_id=tenant_id)
        current = current_of(key_sets(stored)[DEFAULT_SET], now=clock.now())
        kid = await rotate_keys(
            tx,
            tenant_id=tenant_id,
            algorithm=current.algorithm,
            sealer=console.sealer,
            clock=clock,
            grace=JWKS_CACHE_TIME,
        )
        await console.audit(tx, "SigningKey.Rotated", at=clock.now(), kid=kid)
    return console.redirect(PAGE, toast="toast.keys_rotated")


async def _page(
    console: Console,
    db: Database,
    *,
    now: datetime,
    period: int | str,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    stored = await list_keys(db, tenant_id=console.tenant_id)
    states = statuses(stored, now=now)
    return console.page(
        "signing_keys.html",
        status=status,
        keys=[
            {
                "kid": key.id,
                "algorithm": key.algorithm,
                "state": states[key.id].lower(),
                "active_from": key.active_from,
                "active_until": key.active_until,
            }
            for key in newest_first(stored)
        ],
        period=period,
        errors=errors or {},
    )
