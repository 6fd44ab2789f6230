"""The bounded background job that deletes what has expired, so that no table grows with traffic
that is over. It runs in each process; deleting twice is harmless."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import timedelta

from doorward.console.store import sweep_console_sessions
from doorward.device_codes.store import sweep_device_codes
from doorward.errors import DoorwardError
from doorward.grants.store import sweep_grants
from doorward.interactions.store import sweep_interactions
from doorward.keys.store import sweep_signing_keys
from doorward.kit.clock import Clock
from doorward.oidc.store import sweep_tokens
from doorward.outbox.store import sweep_outbox
from doorward.pushed_requests.store import sweep_pushed_requests
from doorward.registration.store import sweep_initial_access_tokens
from doorward.registration.unused import sweep_unused_clients
from doorward.replays.store import sweep_replays
from doorward.security.store import sweep_failed_attempts
from doorward.sessions.store import sweep_sessions
from doorward.storage import Database
from doorward.storage.database import ALL_TENANTS
from doorward.storage.expiry import SWEEP_BATCH
from doorward.subject_tokens.store import sweep_subject_tokens

log = logging.getLogger(__name__)

SWEEPS = (
    sweep_interactions,
    sweep_tokens,
    sweep_device_codes,
    sweep_subject_tokens,
    sweep_grants,
    sweep_sessions,
    sweep_console_sessions,
    sweep_failed_attempts,
    sweep_signing_keys,
    sweep_replays,
    sweep_pushed_requests,
    sweep_initial_access_tokens,
    sweep_unused_clients,
    sweep_outbox,
)
"""Each deletes one batch of a table and returns how many rows."""

_REST = 8
"""Times as long as a batch took. With pages to be written at random places, more is felt."""


async def sweep_forever(db: Database, *, clock: Clock, interval: timedelta) -> None:
    """Sweep every `interval`, with jitter so that nodes do not march in step."""
    while True:
        # lint: determinism: the jitter decides nothing
        await asyncio.sleep(interval.total_seconds() * random.uniform(0.8, 1.2))  # noqa: S311 jitter
        try:
            await sweep(db, clock=clock)
        except DoorwardError as error:
            log.warning("sweep failed, will try again", extra={"reason": str(error)})


async def sweep(db: Database, *, clock: Clock) -> None:
    """Delete what has expired, in short transactions of one batch each.

    Between two batches the database is left to requests: a crowd of expired rows takes longer to
    go, and nobody waits for it. The tables take turns, so that a crowd in one holds up no other.
    """
    loop = asyncio.get_running_loop()
    left = list(SWEEPS)
    while left:
        for sweep_table in tuple(left):
            started = loop.time()
            async with db.transaction(ALL_TENANTS) as tx:
                deleted = await sweep_table(tx, now=clock.now())
            if deleted < SWEEP_BATCH:
                left.remove(sweep_table)
            await asyncio.sleep(_REST * (loop.time() - started))
