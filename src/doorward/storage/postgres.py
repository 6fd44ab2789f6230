"""PostgreSQL through asyncpg: a pool, prepared statements, row-level security as a second lock.

Every statement names its tenant already. Should one ever forget, the policy on each table
(`tenant_id = current_setting('doorward.tenant')`) answers with no rows instead of a neighbour's:
each connection says which tenant it serves before it runs anything, and says it again only when
that changes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any

import asyncpg
from sqlalchemy import Executable

from doorward.storage.errors import (
    DatabaseUnavailable,
    ForeignKeyViolation,
    StorageError,
    UniqueViolation,
)
from doorward.storage.statements import POSTGRESQL, Statement, compile_any

AnyStatement = Statement[Any] | Executable

CHANNEL = "doorward_config"
_ACQUIRE_TIMEOUT = 5.0
_COMMAND_TIMEOUT = 30.0
_RECONNECT_DELAY = 0.5
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
    """A pooled connection that remembers which tenant it serves."""

    __slots__ = ("_tenant_id",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant_id: str | None = None

    async def serve(self, tenant_id: str) -> None:
        if self._tenant_id != tenant_id:
            await self.fetchval("SELECT set_config('doorward.tenant', $1, false)", tenant_id)
            self._tenant_id = tenant_id


class PostgresDatabase:
    """A PostgreSQL database. Keeps the promises of `storage.database`."""

    dialect_name = "postgresql"
    staleness = 1.0

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], url: str) -> None:
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
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=pool_size,
                command_timeout=_COMMAND_TIMEOUT,
                connection_class=_Connection,
                init=_prepare_connection,
                reset=_keep_session,
                server_settings={"application_name": "doorward"},
            )
        except _AWAY as error:
            raise DatabaseUnavailable(str(error)) from error
        return cls(pool, url)

    async def one(self, statement: AnyStatement, **params: Any) -> Any:
        async with self._connection(_tenant_of(params)) as connection:
            return await _fetch_one(connection, statement, params)

    async def all(self, statement: AnyStatement, **params: Any) -> Any:
        async with self._connection(_tenant_of(params)) as connection:
            return await _fetch_all(connection, statement, params)

    async def value(self, statement: AnyStatement, **params: Any) -> Any:
        async with self._connection(_tenant_of(params)) as connection:
            return await _fetch_value(connection, statement, params)

    def transaction(self, tenant_id: str) -> PostgresTransaction:
        return PostgresTransaction(self, tenant_id)

    def change_token(self) -> None:
        return None

    def on_notify(self, callback: Callable[[str], None]) -> None:
        self._listeners.append(callback)

    async def check(self) -> None:
        async with self._connection("") as connection:
            await connection.fetchval("SELECT 1 FROM tenants LIMIT 1", timeout=_ACQUIRE_TIMEOUT)

    async def close(self) -> None:
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening
        await self._pool.close()

    @asynccontextmanager
    async def _connection(self, tenant_id: str) -> AsyncIterator[Any]:
        try:
            async with self._pool.acquire(timeout=_ACQUIRE_TIMEOUT) as connection:
                await connection.serve(tenant_id)  # type: ignore[attr-defined]  # _Connection
                yield connection
        except _AWAY as error:
            raise DatabaseUnavailable(str(error)) from error
        except asyncpg.PostgresError as error:
            raise _translate(error) from error

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
        connection = await asyncpg.connect(self._url)
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

    def __init__(self, database: PostgresDatabase, tenant_id: str) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._callbacks: list[Callable[[], None]] = []
        self._stack = contextlib.AsyncExitStack()
        self._connection: Any = None

    async def __aenter__(self) -> PostgresTransaction:
        async with contextlib.AsyncExitStack() as stack:
            self._connection = await stack.enter_async_context(
                self._database._connection(self._tenant_id)
            )
            await stack.enter_async_context(self._connection.transaction())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)
        if kind is None:
            for callback in self._callbacks:
                callback()

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


async def _prepare_connection(connection: Any) -> None:
    # JSON crosses as text; the statement layer encodes and decodes it for both databases alike.
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=str, decoder=str, format="text"
        )


async def _keep_session(_connection: Any) -> None:
    """Spare the round trip of RESET ALL: the only session state is the tenant, which is tracked."""


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
    return StorageError(str(error))
