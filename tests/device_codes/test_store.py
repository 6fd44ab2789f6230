"""Rows of device codes on both databases: one answer, one redemption, and nothing left behind."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio

from doorward.device_codes import store
from doorward.device_codes.tables import DeviceCode, Status
from doorward.kit.clock import SystemClock
from doorward.kit.crypto import Sealer
from doorward.storage import Database, UniqueViolation
from doorward.storage.database import ALL_TENANTS
from doorward.tenants.seed import seed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CODE = DeviceCode(
    device_code_hash="a-device",
    user_code_hash="a-person",
    client_id="tv",
    scope="openid",
    resources=[],
    hints={},
    status=Status.WAITING,
    user_id=None,
    session_id=None,
    authenticated_at=None,
    amr=None,
    interval=5,
    next_poll_at=NOW,
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
)


@pytest_asyncio.fixture
async def db(database: Database) -> Database:
    await seed(database, sealer=Sealer(b"k" * 32), clock=SystemClock())
    async with database.transaction("default") as tx:
        await store.add_device_code(tx, tenant_id="default", code=CODE)
    return database


async def approve(db: Database, *, tenant_id: str = "default", now: datetime = NOW) -> bool:
    async with db.transaction(tenant_id) as tx:
        return await store.approve_code(
            tx,
            tenant_id=tenant_id,
            code=CODE,
            user_id="ada",
            session_id="a-session",
            authenticated_at=NOW,
            amr=["pwd"],
            now=now,
        )


async def redeem(db: Database, *, now: datetime = NOW) -> bool:
    async with db.transaction("default") as tx:
        return await store.redeem_code(tx, tenant_id="default", code=CODE, now=now)


class TestDeviceCodes:
    async def test_one_answer(self, db: Database) -> None:
        """Of many approvals at once one counts; a refusal after it does not."""
        answers = await asyncio.gather(*(approve(db) for _ in range(8)))
        async with db.transaction("default") as tx:
            refused = await store.refuse_code(tx, tenant_id="default", code=CODE, now=NOW)

        assert sorted(answers) == [False] * 7 + [True]
        assert refused is False

    async def test_one_redemption(self, db: Database) -> None:
        """A code that waits cannot be redeemed; an approved one once; then it is gone."""
        assert await redeem(db) is False
        await approve(db)

        redeemed = await asyncio.gather(*(redeem(db) for _ in range(8)))

        assert sorted(redeemed) == [False] * 7 + [True]
        found = await store.find_device_code(db, tenant_id="default", device_code_hash="a-device")
        assert found is None

    async def test_expired(self, db: Database) -> None:
        """After ten minutes nothing can be done with a code."""
        late = NOW + timedelta(minutes=10)
        found = await store.find_waiting_code(
            db, tenant_id="default", user_code_hash="a-person", now=late
        )

        assert found is None
        assert await approve(db, now=late) is False
        await approve(db)
        assert await redeem(db, now=late) is False

    async def test_tenants_are_apart(self, db: Database) -> None:
        """Another tenant finds and changes nothing, and may draw the same user code."""
        found = await store.find_waiting_code(
            db, tenant_id="admin", user_code_hash="a-person", now=NOW
        )

        assert found is None
        assert await approve(db, tenant_id="admin") is False
        async with db.transaction("admin") as tx:
            await store.add_device_code(tx, tenant_id="admin", code=CODE)

    async def test_user_codes_are_unique(self, db: Database) -> None:
        """Of two devices that show the same code nobody could say which one is meant."""
        with pytest.raises(UniqueViolation):
            async with db.transaction("default") as tx:
                await store.add_device_code(
                    tx,
                    tenant_id="default",
                    code=msgspec.structs.replace(CODE, device_code_hash="another"),
                )

    async def test_sweep(self, db: Database) -> None:
        """An expired code is known for ten minutes more, so that its device learns just that."""
        async with db.transaction(ALL_TENANTS) as tx:
            early = await store.sweep_device_codes(tx, now=NOW + timedelta(minutes=19))
            late = await store.sweep_device_codes(tx, now=NOW + timedelta(minutes=20))

        assert (early, late) == (0, 1)
