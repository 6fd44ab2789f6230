"""The promises of storage.database, held by SQLite and by PostgreSQL alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, func, select, update

from doorward.storage import (
    Database,
    ForeignKeyViolation,
    Statement,
    Transaction,
    UniqueViolation,
    insert_statement,
)
from doorward.storage.database import ALL_TENANTS
from doorward.storage.tenants import tenants
from doorward.tenants.tables import configs
from doorward.users.tables import User, users
from tests.support.tenants import insert_tenant

NOW = datetime(2026, 11, 23, 9, 30, 0, 123000, tzinfo=UTC)
INSERT_CONFIG = insert_statement(configs)
INSERT_USER = insert_statement(users)
FIND_CONFIG = Statement(
    select(configs).where(
        configs.c.tenant_id == bindparam("tenant_id"), configs.c.key == bindparam("key_")
    )
)
COUNT_CONFIGS = Statement(
    select(func.count()).select_from(configs).where(configs.c.tenant_id == bindparam("tenant_id"))
)
TAKE_CONFIG = Statement(
    delete(configs).where(
        configs.c.tenant_id == bindparam("tenant_id"), configs.c.key == bindparam("key_")
    )
)
FIND_USER = Statement(
    select(users).where(
        users.c.tenant_id == bindparam("tenant_id"), users.c.id == bindparam("id_")
    ),
    into=User,
)


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(ALL_TENANTS) as tx:
        for tenant_id in ("default", "other"):
            await insert_tenant(tx, tenant_id, at=NOW)
    return database


async def put(tx: Transaction, key: str, value: Any = "x", *, tenant_id: str = "default") -> None:
    await tx.execute(INSERT_CONFIG, tenant_id=tenant_id, key=key, value=value, updated_at=NOW)


async def add_user(tx: Transaction, **columns: Any) -> None:
    row: dict[str, Any] = dict.fromkeys(column.name for column in users.c)
    row |= {
        "tenant_id": "default",
        "is_password_expired": False,
        "is_suspended": False,
        "profile": {},
        "custom_data": {},
        "created_at": NOW,
        "updated_at": NOW,
    }
    await tx.execute(INSERT_USER, **(row | columns))


class TestValues:
    async def test_every_type_comes_back_as_it_went_in(self, db: Database) -> None:
        """JSON, aware times to the millisecond, booleans and NULL survive the round trip."""
        async with db.transaction("default") as tx:
            await add_user(
                tx, id="u1", username="ada", is_suspended=True, profile={"a": [1, None, "ü"]}
            )

        user = await db.one(FIND_USER, tenant_id="default", id_="u1")

        assert user is not None
        assert user.profile == {"a": [1, None, "ü"]}
        assert user.created_at == NOW
        assert user.is_suspended is True
        assert user.is_password_expired is False
        assert user.primary_email is None

    async def test_a_missing_parameter_is_an_error(self, db: Database) -> None:
        """A forgotten parameter is not NULL, it is a mistake."""
        with pytest.raises(KeyError):
            await db.one(FIND_CONFIG, tenant_id="default")

    async def test_an_ad_hoc_statement_runs_too(self, db: Database) -> None:
        """Searches build their statement at run time, with lists in it."""
        async with db.transaction("default") as tx:
            for key in ("a", "b", "c"):
                await put(tx, key)

        rows = await db.all(
            select(configs.c.key)
            .where(configs.c.tenant_id == "default", configs.c.key.in_(["a", "c"]))
            .order_by(configs.c.key),
            tenant_id="default",
        )

        assert rows == [{"key": "a"}, {"key": "c"}]


class TestTransaction:
    async def test_reads_its_own_writes_that_others_do_not_see(self, db: Database) -> None:
        """Inside, the new row is there; outside it appears with the commit."""
        async with db.transaction("default") as tx:
            await put(tx, "a", {"n": 1})
            inside = await tx.one(FIND_CONFIG, tenant_id="default", key_="a")
            outside = await db.one(FIND_CONFIG, tenant_id="default", key_="a")

        after = await db.one(FIND_CONFIG, tenant_id="default", key_="a")

        assert inside is not None
        assert inside["value"] == {"n": 1}
        assert outside is None
        assert after is not None

    async def test_an_error_undoes_everything(self, db: Database) -> None:
        """Nothing of a block that raised has happened, and no callback is called."""
        called: list[str] = []

        with pytest.raises(RuntimeError):  # noqa: PT012 the block is what is tested
            async with db.transaction("default") as tx:
                tx.after_commit(lambda: called.append("a"))
                await put(tx, "a")
                raise RuntimeError

        assert await db.value(COUNT_CONFIGS, tenant_id="default") == 0
        assert called == []

    async def test_a_failed_neighbour_takes_nobody_with_it(self, db: Database) -> None:
        """Transactions that share a commit fail alone."""

        async def write(i: int) -> None:
            async with db.transaction("default") as tx:
                await put(tx, f"key-{i}")
                if i % 3 == 0:
                    raise RuntimeError

        results = await asyncio.gather(*(write(i) for i in range(30)), return_exceptions=True)

        assert sum(isinstance(result, RuntimeError) for result in results) == 10
        assert await db.value(COUNT_CONFIGS, tenant_id="default") == 20

    async def test_a_cancelled_neighbour_takes_nobody_with_it(self, db: Database) -> None:
        """A client that goes away while others commit does not stop their commit."""

        async def write(i: int) -> None:
            async with db.transaction("default") as tx:
                await put(tx, f"key-{i}")
                if i % 2:
                    await asyncio.sleep(30)

        async def cancel_soon(i: int) -> None:
            task = asyncio.create_task(write(i))
            await asyncio.sleep(0.01 + 0.002 * i)
            if i % 2:
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.wait_for(asyncio.gather(*(cancel_soon(i) for i in range(10))), 10)

        assert await db.value(COUNT_CONFIGS, tenant_id="default") == 5

    async def test_a_conditional_write_is_a_gate_for_one(self, db: Database) -> None:
        """Of many that consume the same row at once, exactly one is told that it did."""
        async with db.transaction("default") as tx:
            await put(tx, "code")

        async def take() -> int:
            async with db.transaction("default") as tx:
                return await tx.execute(TAKE_CONFIG, tenant_id="default", key_="code")

        counts = await asyncio.gather(*(take() for _ in range(20)))

        assert sorted(counts) == [0] * 19 + [1]

    async def test_after_commit_runs_once_the_data_is_visible(self, db: Database) -> None:
        """The callback comes after the commit, not inside the transaction."""
        order: list[str] = []

        async with db.transaction("default") as tx:
            tx.after_commit(lambda: order.append("callback"))
            await put(tx, "a")
            order.append("end of block")

        assert order == ["end of block", "callback"]

    async def test_many_at_once_all_arrive(self, db: Database) -> None:
        """Two hundred interleaved read-modify-write transactions lose no update."""
        async with db.transaction("default") as tx:
            await put(tx, "counter", 0)
        add_one = (
            update(tenants)
            .where(tenants.c.id == bindparam("tenant_id"))
            .values(config_version=tenants.c.config_version + 1)
        )
        statement = Statement(add_one)

        async def bump() -> None:
            async with db.transaction("default") as tx:
                await tx.execute(statement, tenant_id="default")

        await asyncio.gather(*(bump() for _ in range(200)))

        row = await db.one(
            select(tenants.c.config_version).where(tenants.c.id == "default"), tenant_id="default"
        )
        assert row == {"config_version": 200}


class TestConstraints:
    async def test_a_unique_violation_names_the_index(self, db: Database) -> None:
        """The name is the same on both databases, so callers can decide on it."""
        async with db.transaction("default") as tx:
            await add_user(tx, id="u1", username="ada", primary_email="ada@example.com")

        with pytest.raises(UniqueViolation) as by_name:
            async with db.transaction("default") as tx:
                await add_user(tx, id="u2", username="ada")
        with pytest.raises(UniqueViolation) as by_email:
            async with db.transaction("default") as tx:
                await add_user(tx, id="u3", primary_email="ADA@example.com")
        with pytest.raises(UniqueViolation) as by_id:
            async with db.transaction("default") as tx:
                await add_user(tx, id="u1")

        assert by_name.value.constraint == "uq_users_username"
        assert by_email.value.constraint == "uq_users_primary_email"
        assert by_id.value.constraint == "pk_users"

    async def test_the_same_name_in_another_tenant_is_free(self, db: Database) -> None:
        """Uniqueness is per tenant."""
        async with db.transaction("default") as tx:
            await add_user(tx, id="u1", username="ada")
        async with db.transaction("other") as tx:
            await add_user(tx, id="u1", username="ada", tenant_id="other")

        assert await db.one(FIND_USER, tenant_id="other", id_="u1") is not None

    async def test_a_foreign_key_holds(self, db: Database) -> None:
        """A row of a tenant that does not exist is refused."""
        with pytest.raises(ForeignKeyViolation):
            async with db.transaction(ALL_TENANTS) as tx:
                await put(tx, "a", tenant_id="nobody")


class TestTenants:
    async def test_a_read_in_one_tenant_finds_nothing_of_another(self, db: Database) -> None:
        """The same key, asked for under another tenant, is not there."""
        async with db.transaction("default") as tx:
            await put(tx, "a")

        assert await db.one(FIND_CONFIG, tenant_id="other", key_="a") is None

    async def test_row_level_security_catches_a_forgotten_tenant(self, db: Database) -> None:
        """On PostgreSQL even a statement without a tenant sees only the tenant it serves."""
        if db.dialect_name != "postgresql":
            pytest.skip("SQLite has no row-level security")
        for tenant_id in ("default", "other"):
            async with db.transaction(tenant_id) as tx:
                await put(tx, "a", tenant_id=tenant_id)

        async with db.transaction("other") as tx:
            rows = await tx.all(select(configs.c.tenant_id))

        assert rows == [{"tenant_id": "other"}]

    async def test_row_level_security_refuses_a_foreign_write(self, db: Database) -> None:
        """On PostgreSQL a transaction of one tenant cannot write a row of another."""
        if db.dialect_name != "postgresql":
            pytest.skip("SQLite has no row-level security")

        with pytest.raises(Exception, match="row-level security"):
            async with db.transaction("default") as tx:
                await put(tx, "a", tenant_id="other")
