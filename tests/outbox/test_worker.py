"""The outbox: what is posted arrives, once at a time, and is tried again until it is given up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from doorward.kit.clock import ShiftedClock
from doorward.outbox.store import KEEP_DEAD, KEEP_DELIVERED, LEASE, list_letters, post, sweep_outbox
from doorward.outbox.tables import Letter, Message, Status
from doorward.outbox.worker import MAX_ATTEMPTS, DeliveryFailed, deliver_due, pause_after
from doorward.storage import Database
from doorward.storage.database import ALL_TENANTS
from tests.support.tenants import insert_tenant

KIND = "letter"


class Postman:
    """Delivers to nobody; fails as often as it is told to."""

    def __init__(self, *failures: DeliveryFailed | RuntimeError) -> None:
        self.failures = list(failures)
        self.seen: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.seen.append(message)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)


class Office:
    """A database with a tenant, a clock, and what may be asked of both."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = ShiftedClock()

    async def post(self, **payload: str) -> str:
        async with self.db.transaction("default") as tx:
            return await post(
                tx, tenant_id="default", kind=KIND, payload=payload, now=self.clock.now()
            )

    async def work(self, postman: Postman) -> int:
        return await deliver_due(self.db, clock=self.clock, kinds={KIND: postman})

    async def letter(self) -> Letter:
        (letter,) = await list_letters(self.db, tenant_id="default", kind=KIND)
        return letter

    async def sweep(self) -> int:
        async with self.db.transaction(ALL_TENANTS) as tx:
            return await sweep_outbox(tx, now=self.clock.now())

    def wait(self, time: timedelta) -> None:
        self.clock.offset += time


@pytest.fixture
async def office(database: Database) -> Office:
    async with database.transaction(ALL_TENANTS) as tx:
        await insert_tenant(tx, "default", at=ShiftedClock().now(), config_version=1)
    return Office(database)


async def test_delivered(office: Office) -> None:
    """A message arrives with its payload, once, and is swept a day later."""
    id_ = await office.post(to="ada")
    postman = Postman()

    await office.work(postman)
    assert await office.work(postman) == 0

    (message,) = postman.seen
    assert (message.id, message.payload, message.attempts) == (id_, {"to": "ada"}, 1)
    assert (await office.letter()).status == Status.DELIVERED
    assert await office.sweep() == 0
    office.wait(KEEP_DELIVERED)
    assert await office.sweep() == 1


async def test_undone(office: Office) -> None:
    """What is posted in a transaction that fails was never posted."""

    async def fail() -> None:
        async with office.db.transaction("default") as tx:
            await post(tx, tenant_id="default", kind=KIND, payload={}, now=office.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await office.work(Postman()) == 0


async def test_many_workers(office: Office) -> None:
    """Ten workers at once deliver each of twenty messages once."""
    for number in range(20):
        await office.post(number=str(number))
    postman = Postman()

    await asyncio.gather(*(office.work(postman) for _ in range(10)))

    assert sorted(int(m.payload["number"]) for m in postman.seen) == list(range(20))


async def test_again_and_dead(office: Office) -> None:
    """A failure is tried again, later each time, under the same id; at last it is a dead letter,
    which is kept a month."""
    id_ = await office.post()
    postman = Postman(*(DeliveryFailed("no answer") for _ in range(MAX_ATTEMPTS)))

    for attempt in range(1, MAX_ATTEMPTS):
        await office.work(postman)
        assert await office.work(postman) == 0, "not before its time"
        letter = await office.letter()
        assert (letter.status, letter.attempts) == (Status.WAITING, attempt)
        office.wait(letter.due_at - office.clock.now() + timedelta(milliseconds=1))
    await office.work(postman)

    letter = await office.letter()
    assert (letter.status, letter.failure) == (Status.DEAD, "no answer")
    assert {message.id for message in postman.seen} == {id_}
    office.wait(timedelta(days=7))
    assert await office.work(postman) == 0
    office.wait(KEEP_DEAD)
    assert await office.sweep() == 1


async def test_final(office: Office) -> None:
    """What cannot succeed is not tried again."""
    await office.post()

    await office.work(Postman(DeliveryFailed("refused", is_final=True)))

    assert (await office.letter()).status == Status.DEAD


async def test_a_fault_of_ours(office: Office) -> None:
    """A message that trips over a bug waits like any other failure, and the others arrive."""
    await office.post()
    await office.post()
    postman = Postman(RuntimeError("a secret of the payload"))

    await office.work(postman)

    letters = await list_letters(office.db, tenant_id="default", kind=KIND)
    assert sorted(letter.status for letter in letters) == [Status.DELIVERED, Status.WAITING]
    assert {letter.failure for letter in letters} == {None, "unexpected: RuntimeError"}


async def test_a_worker_that_died(office: Office) -> None:
    """A message whose worker was killed belongs to nobody until the lease ends, then to one."""
    await office.post()

    class Killed(Postman):
        async def __call__(self, message: Message) -> None:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await office.work(Killed())
    postman = Postman()
    assert await office.work(postman) == 0
    office.wait(LEASE)
    await office.work(postman)

    assert [message.attempts for message in postman.seen] == [2]


async def test_too_late(office: Office) -> None:
    """A worker that took longer than its lease does not overwrite what the next one wrote."""
    await office.post()
    other = Postman()

    class Slow(Postman):
        async def __call__(self, message: Message) -> None:
            office.wait(LEASE)
            await office.work(other)
            raise DeliveryFailed("too slow", is_final=True)

    await office.work(Slow())

    assert len(other.seen) == 1
    assert (await office.letter()).status == Status.DELIVERED


async def test_an_unknown_kind(office: Office) -> None:
    """A message of a kind that this version does not know waits for one that does."""
    await office.post()

    await deliver_due(office.db, clock=office.clock, kinds={})

    assert (await office.letter()).status == Status.WAITING


def test_pauses() -> None:
    """Four times as long each time, at most six hours, with jitter."""
    assert timedelta(seconds=3.75) <= pause_after(1) <= timedelta(seconds=5)
    assert timedelta(seconds=15) <= pause_after(2) <= timedelta(seconds=20)
    assert timedelta(hours=4.5) <= pause_after(20) <= timedelta(hours=6)
    assert len({pause_after(3) for _ in range(9)}) > 1
