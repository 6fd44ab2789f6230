"""The worker of the outbox: takes what is due, delivers it, and tries again what failed.

One runs in each process. It looks every second, so that what is posted on any node is on its way
within a second, and a message whose worker died is taken by another when its lease ends.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import msgspec

from doorward.errors import DoorwardError
from doorward.kit.clock import Clock
from doorward.outbox.store import finish, list_due, postpone, take
from doorward.outbox.tables import Message
from doorward.storage import Database

log = logging.getLogger(__name__)

INTERVAL = timedelta(seconds=1)
MAX_ATTEMPTS = 9
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=6)
_BATCH = 64
_AT_ONCE = 16

Deliver = Callable[[Message], Awaitable[None]]


class DeliveryFailed(DoorwardError):
    """A message did not arrive.

    Args:
        reason: for the administrator; no secrets.
        is_final: trying again would not help.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


async def deliver_forever(db: Database, *, clock: Clock, kinds: Mapping[str, Deliver]) -> None:
    """Deliver what is due, again and again."""
    while True:
        # lint: determinism: the jitter decides nothing
        await asyncio.sleep(INTERVAL.total_seconds() * random.uniform(0.8, 1.2))  # noqa: S311 jitter
        try:
            while await deliver_due(db, clock=clock, kinds=kinds) == _BATCH:
                pass
        except DoorwardError as error:
            log.warning("delivery stopped, will try again", extra={"reason": str(error)})


async def deliver_due(db: Database, *, clock: Clock, kinds: Mapping[str, Deliver]) -> int:
    """Deliver a batch of what is due and return how many messages there were."""
    due = await list_due(db, now=clock.now(), limit=_BATCH)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(message: Message) -> None:
        async with gate:
            try:
                await _attempt(db, message, clock=clock, deliver=kinds.get(message.kind))
            except DoorwardError as error:
                # The database is away; another attempt follows when the lease has ended.
                log.warning("delivery stopped", extra={"reason": str(error)})

    await asyncio.gather(*(one(message) for message in due))
    return len(due)


async def _attempt(
    db: Database, message: Message, *, clock: Clock, deliver: Deliver | None
) -> None:
    # 1. Take it: of all workers, one.
    tenant_id = message.tenant_id
    async with db.transaction(tenant_id) as tx:
        if not await take(tx, tenant_id=tenant_id, message=message, now=clock.now()):
            return
    message = msgspec.structs.replace(message, attempts=message.attempts + 1)

    # 2. Deliver it, without a transaction: the other side may take its time.
    failure: DeliveryFailed | None = None
    try:
        if deliver is None:
            raise DeliveryFailed(f"nothing here delivers {message.kind}")
        await deliver(message)
    except DeliveryFailed as error:
        failure = error
    # lint: broad-except: one message that trips over a fault of ours must not stop the others
    except Exception as error:
        log.exception("delivery failed unexpectedly", extra={"kind": message.kind})
        failure = DeliveryFailed(f"unexpected: {type(error).__name__}")

    # 3. Write down how it went.
    async with db.transaction(tenant_id) as tx:
        now = clock.now()
        if failure is None:
            await finish(tx, tenant_id=tenant_id, message=message, failure=None, now=now)
        elif failure.is_final or message.attempts >= MAX_ATTEMPTS:
            await finish(tx, tenant_id=tenant_id, message=message, failure=str(failure), now=now)
        else:
            until = now + pause_after(message.attempts)
            await postpone(
                tx, tenant_id=tenant_id, message=message, until=until, failure=str(failure)
            )
    if failure is not None:
        log.warning(
            "not delivered",
            extra={
                "kind": message.kind,
                "message_id": message.id,
                "attempts": message.attempts,
                "reason": str(failure),
            },
        )


def pause_after(attempts: int) -> timedelta:
    """Return how long a message waits after so many failures: four times as long each time, and a
    random part off it, so that what failed together does not come back together."""
    pause: timedelta = min(FIRST_PAUSE * 4 ** (attempts - 1), LONGEST_PAUSE)
    # lint: determinism: the jitter decides nothing
    return pause * random.uniform(0.75, 1.0)  # noqa: S311 jitter
