"""PostgreSQL through asyncpg: a pool, prepared statements, row-level security as a second lock.

Every statement names its tenant already. Should one ever forget, the policy on each table
(`tenant_id = current_setting('doorward.tenant')`) answers with no rows instead of a neighbour's:
each connection says which tenant it serves before it runs anything, and says it again only when
that changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

import asyncpg
from sqlalchemy import Executable

from doorward.storage.errors import (
    DatabaseUnavailable,
    ForeignKeyViolation,
    InvalidValue,
    StorageError,
    UniqueViolation,
    ValueTooLong,
)
from doorward.storage.postgres_pool import Pool
from doorward.storage.statements import POSTGRESQL, Statement, compile_any

AnyStatement = Statement[Any] | Executable

CHANNEL = "doorward_config"
_ACQUIRE_TIMEOUT = 5.0
_COMMAND_TIMEOUT = 30.0
_RECONNECT_DELAY = 0.5
_NAMED = {"application_name": "doorward"}
"""What a running server is known by: it holds a connection for as long as it lives."""
_COUNT_SERVERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()
"""
_GOODBYE = 2.0
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)


class _Connection(asyncpg.Connection):
    """A connection that remembers which tenant it serves."""

    __slots__ = ("_tenant_id",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant_id: str | None = None

    async def serve(self, tenant_id: str) -> None:
        if self._tenant_id != tenant_id:
            await self.fetchval("SELECT set_config('doorward.tenant', $1, false)", tenant_id)
            self._tenant_id = tenant_id


class _Lease:
    """A connection for the length of a block, serving one tenant; errors of the driver leave the
    block as ours."""

    __slots__ = ("_connection", "_pool", "_tenant_id")

    def __init__(self, pool: Pool, tenant_id: str) -> None:
        self._pool = pool
        self._tenant_id = tenant_id
        self._connection: Any = None

    async def __aenter__(self) -> Any:
        try:
            connection = self._connection = await self._pool.acquire()
        except _AWAY as error:
            raise DatabaseUnavailable(str(error)) from error
        try:
            await connection.serve(self._tenant_id)
        except BaseException as error:
            self.give_back(error)
            raise
        return connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.give_back(error)

    def give_back(self, error: BaseException | None) -> None:
        """Return the connection to the pool; raises our error in place of the driver's `error`."""
        connection = self._connection
        # A command that was cut off leaves the connection in the middle of an answer, an open
        # transaction leaves it in somebody's work: neither may be what the next one gets.
        is_sound = not isinstance(error, (*_AWAY, asyncio.CancelledError))
        self._pool.release(connection, is_sound=is_sound and not connection.is_in_transaction())
        if isinstance(error, _AWAY):
            raise DatabaseUnavailable(str(error)) from error
        if isinstance(error, asyncpg.PostgresError):
            raise _translate(error) from error


class PostgresDatabase:
    """A PostgreSQL database. Keeps the promises of `storage.database`."""

    dialect_name = "postgresql"
    staleness = 1.0

    def __init__(self, pool: Pool, url: str) -> None:
        self._pool = pool
        self._url = url
        self._listeners: list[Callable[[str], None]] = []
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, url: str, *, pool_size: int) -> PostgresDatabase:
        """Connect.

        Raises:
            DatabaseUnavailable: the server does not answer.
        """
        pool = Pool(partial(_connect, url), size=pool_size, patience=_ACQUIRE_TIMEOUT)
        # The first connection is made now, so that a wrong address is noticed at the start.
        async with _Lease(pool, ""):
            return cls(pool, url)

    async def one(self, statement: AnyStatement, **params: Any) -> Any:
        async with self.lease(_tenant_of(params)) as connection:
            return await _fetch_one(connection, statement, params)

    async def all(self, statement: AnyStatement, **params: Any) -> Any:
        async with self.lease(_tenant_of(params)) as connection:
            return await _fetch_all(connection, statement, params)

    async def value(self, statement: AnyStatement, **params: Any) -> Any:
        async with self.lease(_tenant_of(params)) as connection:
            return await _fetch_value(connection, statement, params)

    def transaction(self, tenant_id: str) -> PostgresTransaction:
        return PostgresTransaction(self, tenant_id)

    def change_token(self) -> None:
        return None

    def on_notify(self, callback: Callable[[str], None]) -> None:
        self._listeners.append(callback)

    async def check(self) -> None:
        async with self.lease("") as connection:
            await connection.fetchval("SELECT 1 FROM tenants LIMIT 1", timeout=_ACQUIRE_TIMEOUT)

    async def close(self) -> None:
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening
        await self._pool.close()

    def lease(self, tenant_id: str) -> _Lease:
        """Return a connection to use in an `async with` block."""
        return _Lease(self._pool, tenant_id)

    def announce(self, tenant_id: str) -> None:
        """Tell this node's listeners that a tenant's configuration changed."""
        for listener in self._listeners:
            listener(tenant_id)

    async def _listen(self) -> None:
        """Hold one connection that hears other nodes; reconnect for as long as the server lives."""
        while True:
            with contextlib.suppress(*_AWAY):
                await self._listen_until_lost()
            await asyncio.sleep(_RECONNECT_DELAY)

    async def _listen_until_lost(self) -> None:
        connection = await asyncpg.connect(self._url, server_settings=_NAMED)
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._hear)
            await lost.wait()
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self.announce(str(payload))


class PostgresTransaction:
    """One transaction on one pooled connection, READ COMMITTED: gates are conditional writes."""

    __slots__ = ("_callbacks", "_connection", "_database", "_lease")

    def __init__(self, database: PostgresDatabase, tenant_id: str) -> None:
        self._database = database
        self._lease = database.lease(tenant_id)
        self._callbacks: list[Callable[[], None]] = []
        self._connection: Any = None

    async def __aenter__(self) -> PostgresTransaction:
        self._connection = await self._lease.__aenter__()
        try:
            await self._connection.execute("BEGIN")
        except BaseException as error:
            self._lease.give_back(error)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._end(error)
        except BaseException as failure:
            self._lease.give_back(failure)
            raise
        self._lease.give_back(error)
        if error is None:
            for callback in self._callbacks:
                callback()

    async def _end(self, error: BaseException | None) -> None:
        if error is None:
            # A transaction in which a statement failed answers COMMIT with ROLLBACK, and no error.
            if await self._connection.execute("COMMIT") != "COMMIT":
                raise StorageError("committed after a statement of the transaction had failed")
        elif not isinstance(error, asyncio.CancelledError):
            await self._connection.execute("ROLLBACK")

    async def one(self, statement: AnyStatement, **params: Any) -> Any:
        return await _fetch_one(self._connection, statement, params)

    async def all(self, statement: AnyStatement, **params: Any) -> Any:
        return await _fetch_all(self._connection, statement, params)

    async def value(self, statement: AnyStatement, **params: Any) -> Any:
        return await _fetch_value(self._connection, statement, params)

    async def execute(self, statement: AnyStatement, **params: Any) -> int:
        compiled = compile_any(statement, POSTGRESQL)
        sql, values = compiled.bind(params)
        try:
            status = await self._connection.execute(sql, *values)
        except asyncpg.PostgresError as error:
            raise _translate(error) from error
        # "INSERT 0 1", "UPDATE 3", "DELETE 0"
        return int(status.rsplit(" ", 1)[-1])

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    async def notify(self, tenant_id: str) -> None:
        await self._connection.fetchval("SELECT pg_notify($1, $2)", CHANNEL, tenant_id)
        self.after_commit(partial(self._database.announce, tenant_id))


async def is_in_use(url: str) -> bool:
    """Tell whether a server, or a command of ours, is connected to the database.

    One that has just stopped gets a moment: PostgreSQL notices later than it does.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    try:
        connection = await asyncpg.connect(url, timeout=_ACQUIRE_TIMEOUT)
    except (*_AWAY, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {error}") from error
    try:
        deadline = time.monotonic() + _GOODBYE
        while await connection.fetchval(_COUNT_SERVERS, _NAMED["application_name"]):
            if time.monotonic() > deadline:
                return True
            await asyncio.sleep(_GOODBYE / 20)
        return False
    finally:
        await connection.close()


async def _connect(url: str) -> _Connection:
    connection: _Connection = await asyncpg.connect(
        url,
        timeout=_ACQUIRE_TIMEOUT,
        command_timeout=_COMMAND_TIMEOUT,
        connection_class=_Connection,
        server_settings=_NAMED,
    )
    # JSON crosses as text; the statement layer encodes and decodes it for both databases alike.
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=str, decoder=str, format="text"
        )
    return connection


def _tenant_of(params: dict[str, Any]) -> str:
    return str(params.get("tenant_id", ""))


async def _fetch_one(connection: Any, statement: AnyStatement, params: dict[str, Any]) -> Any:
    compiled = compile_any(statement, POSTGRESQL)
    sql, values = compiled.bind(params)
    row = await connection.fetchrow(sql, *values)
    return None if row is None else compiled.row(row)


async def _fetch_all(connection: Any, statement: AnyStatement, params: dict[str, Any]) -> list[Any]:
    compiled = compile_any(statement, POSTGRESQL)
    sql, values = compiled.bind(params)
    rows = await connection.fetch(sql, *values)
    return [compiled.row(row) for row in rows]


async def _fetch_value(connection: Any, statement: AnyStatement, params: dict[str, Any]) -> Any:
    compiled = compile_any(statement, POSTGRESQL)
    sql, values = compiled.bind(params)
    return await connection.fetchval(sql, *values)


def _translate(error: asyncpg.PostgresError) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolation(str(error.constraint_name))
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return ForeignKeyViolation(str(error))
    if isinstance(error, _AWAY):
        return DatabaseUnavailable(str(error))
    if isinstance(error, asyncpg.StringDataRightTruncationError):
        return ValueTooLong(str(error))
    if isinstance(error, asyncpg.DataError):
        return InvalidValue(str(error))
    return StorageError(str(error))
