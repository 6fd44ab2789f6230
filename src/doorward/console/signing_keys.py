"""Signing keys: which there are, and rotating them."""

from __future__ import annotations

from litestar import Response, get, post

from doorward.console.console import Console
from doorward.keys.rotation import JWKS_CACHE_TIME, rotate_keys
from doorward.keys.store import list_keys
from doorward.keys.timeline import DEFAULT_SET, current_of, key_sets, newest_first, statuses
from doorward.kit.clock import Clock
from doorward.storage import Database

PAGE = "/console/signing-keys"


@get(PAGE, include_in_schema=False)
async def show_signing_keys(console: Console, db: Database, clock: Clock) -> Response[str]:
    """List the keys: the next one, the one that signs, those that still verify."""
    stored = await list_keys(db, tenant_id=console.tenant_id)
    status = statuses(stored, now=clock.now())
    return console.page(
        "signing_keys.html",
        keys=[
            {
                "kid": key.id,
                "algorithm": key.algorithm,
                "state": status[key.id].lower(),
                "active_from": key.active_from,
                "active_until": key.active_until,
            }
            for key in newest_first(stored)
        ],
    )


@post(f"{PAGE}/rotate", include_in_schema=False)
async def rotate(console: Console, db: Database, clock: Clock) -> Response[str]:
    """Publish a new key of the same algorithm now, and let it sign once every client knows it."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
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
