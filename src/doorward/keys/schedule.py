"""The schedule: where a key ends soon, its successor is published a day before it signs.

Each process asks every minute what is due, and one of them does it. Promotion itself needs no
process: `timeline.py` decides it from what is stored here.
"""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import timedelta

from doorward.errors import DoorwardError
from doorward.keys import store
from doorward.keys.rotation import rotate_keys
from doorward.keys.timeline import key_sets
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.storage import Database, config_changed
from doorward.storage.database import ALL_TENANTS

PUBLISHED_AHEAD = timedelta(days=1)
"""So long before its use a key is published. Clients cache the JWKS for an hour, gateways for
longer."""

log = logging.getLogger(__name__)


async def rotate_forever(
    db: Database, *, sealer: Sealer, clock: Clock, interval: timedelta
) -> None:
    """Ask every `interval` what is due, with jitter so that nodes do not march in step."""
    while True:
        # lint: determinism: the jitter decides nothing
        await asyncio.sleep(interval.total_seconds() * random.uniform(0.8, 1.2))  # noqa: S311 jitter
        try:
            await rotate_due_keys(db, sealer=sealer, clock=clock)
        except DoorwardError as error:
            log.warning("keys were not rotated, will try again", extra={"reason": str(error)})


async def rotate_due_keys(db: Database, *, sealer: Sealer, clock: Clock) -> int:
    """Publish a next key wherever the schedule wants one soon; return how many."""
    now = clock.now()
    horizon = now + PUBLISHED_AHEAD
    async with db.transaction(ALL_TENANTS) as tx:
        due = await store.list_due_sets(tx, now=now, horizon=horizon)
    count = 0
    for tenant_id, key_set in due:
        async with db.transaction(tenant_id) as tx:
            # Another process asks the same question: the one that comes second finds it answered.
            await config_changed(tx, tenant_id)
            stored = await store.list_keys(tx, tenant_id=tenant_id)
            newest = key_sets(stored)[key_set][-1]
            is_due = newest.active_until is not None and newest.active_until <= horizon
            if not is_due or newest.active_from > now:
                continue
            await rotate_keys(
                tx,
                tenant_id=tenant_id,
                algorithm=newest.algorithm,
                sealer=sealer,
                clock=clock,
                grace=PUBLISHED_AHEAD,
                key_set=key_set,
            )
            count += 1
    return count
