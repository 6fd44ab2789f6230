"""Signing keys: which there are, and rotating them."""

from __future__ import annotations

from litestar import Response, get, post

from doorward.console.console import Console
from doorward.keys.ring import KeyStatus
from doorward.keys.rotation import rotate_keys
from doorward.keys.store import list_keys
from doorward.kit.clock import Clock
from doorward.storage import Database

PAGE = "/console/signing-keys"
_ORDER = (KeyStatus.NEXT, KeyStatus.CURRENT, KeyStatus.PREVIOUS)


@get(PAGE, include_in_schema=False)
async def show_signing_keys(console: Console, db: Database) -> Response[str]:
    """List the keys: the next one, the one that signs, those that still verify."""
    stored = await list_keys(db, tenant_id=console.tenant_id)
    newest_first = reversed(stored)
    keys = sorted(newest_first, key=lambda key: _ORDER.index(KeyStatus(key.status)))
    return console.page(
        "signing_keys.html",
        keys=[
            {
                "kid": key.id,
                "algorithm": key.algorithm,
                "state": key.status.lower(),
                "created_at": key.created_at,
            }
            for key in keys
        ],
    )


@post(f"{PAGE}/rotate", include_in_schema=False)
async def rotate(console: Console, db: Database, clock: Clock) -> Response[str]:
    """Let a new key of the same algorithm sign."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
        current = next(
            key
            for key in await list_keys(tx, tenant_id=tenant_id)
            if key.status == KeyStatus.CURRENT
        )
        kid = await rotate_keys(
            tx,
            tenant_id=tenant_id,
            algorithm=current.algorithm,
            sealer=console.sealer,
            clock=clock,
        )
        await console.audit(tx, "SigningKey.Rotated", at=clock.now(), kid=kid)
    return console.redirect(PAGE, toast="toast.keys_rotated")
