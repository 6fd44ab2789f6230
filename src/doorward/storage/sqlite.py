"""SQLite, embedded, with group commit.

    transaction A ─┐ take the writer in turn, each but the first inside a SAVEPOINT
    transaction B ─┼──────────────► one COMMIT (fsync) in a thread ──► A, B and C return
    transaction C ─┘

`synchronous=FULL`: what was acknowledged survives a power cut; checkpoints.py moves it from the log
into the file. Point reads run in the event loop (8 us; a thread hop costs 200), scans go to reader
threads. Writers of other processes are met with BEGIN IMMEDIATE, first without waiting, then from a
thread, so that the loop never blocks on them.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Executable, UniqueConstraint

from doorward.storage.checkpoints import LOG_PAGES, Checkpoints
from doorward.storage.errors import (
    DatabaseUnavailable,
    ForeignKeyViolation,
    StorageError,
    UniqueViolation,
)
from doorward.storage.private_file import make_private
from doorward.storage.schema import metadata
from doorward.storage.statements import SQLITE, Compiled, Statement, compile_any
from doorward.storage.turn import Turn
from doorward.storage.worker_thread import WorkerThread

AnyStatement = Statement[Any] | Executable

_BUSY_TIMEOUT = 10.0
_MOMENT = 1.0
_MAX_GROUP = 128
_READER_THREADS = 2
_CACHE_KIB = 16 * 1024
"""Page cache of the reader and of the writer: holds the inner pages of tables of millions of rows,
which SQLite's own 2 MB do not."""
_UNIQUE = re.compile(r"UNIQUE constraint failed: (?:index '(?P<index>\w+)'|(?P<columns>.+))")


class SqliteDatabase:
    """One SQLite file. Keeps the promises of `storage.database`."""

    dialect_name = "sqlite"
    staleness = 0.05

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = connect(path, cache=_CACHE_KIB)
        self._checkpoints = Checkpoints(connect(path))
        self._writer = _Writer(connect(path, cache=_CACHE_KIB), self._checkpoints)
        self._threads = ThreadPoolExecutor(_READER_THREADS, thread_name_prefix="sqlite-reader")
        self._local = threading.local()
        self._listeners: list[Callable[[str], None]] = []

    @classmethod
    def open(cls, path: Path) -> SqliteDatabase:
        """Open the file, creating it when it does not exist."""
        make_private(path)
        return cls(path)

    async def one(self, statement: AnyStatement, **params: Any) -> Any:
        return _fetch_one(self._reader, statement, params)

    async def value(self, statement: AnyStatement, **params: Any) -> Any:
        return await self._in_thread(_fetch_value, statement, params)

    async def all(self, statement: AnyStatement, **params: Any) -> Any:
        return await self._in_thread(_fetch_all, statement, params)

    def transaction(self, tenant_id: str) -> SqliteTransaction:
        del tenant_id  # every statement names its tenant; PostgreSQL adds row-level security
        return SqliteTransaction(self._writer, self._announce)

    def change_token(self) -> int:
        return int(self._reader.execute("PRAGMA data_version").fetchone()[0])

    def on_notify(self, callback: Callable[[str], None]) -> None:
        self._listeners.append(callback)

    async def check(self) -> None:
        try:
            self._reader.execute("SELECT 1 FROM tenants LIMIT 1").fetchone()
            if self._writer.is_locked_out:
                # Only then: in the way of our own writer, this would find it busy.
                self._reader.execute("BEGIN IMMEDIATE")
                self._reader.execute("ROLLBACK")
                self._writer.let_in()
        except sqlite3.Error as error:
            raise DatabaseUnavailable(str(error)) from error

    async def close(self) -> None:
        await self._writer.close()
        self._checkpoints.close()
        self._threads.shutdown(wait=True)
        self._reader.close()

    async def _in_thread(
        self,
        fetch: Callable[[sqlite3.Connection, AnyStatement, dict[str, Any]], Any],
        statement: AnyStatement,
        params: dict[str, Any],
    ) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, lambda: fetch(self._thread_reader(), statement, params)
        )

    def _thread_reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self.path)
        return connection

    def _announce(self, tenant_id: str) -> None:
        for listener in self._listeners:
            listener(tenant_id)


class SqliteTransaction:
    """One turn at the writer, then a share in the group's commit."""

    __slots__ = ("_announce", "_callbacks", "_connection", "_writer")

    def __init__(self, writer: _Writer, announce: Callable[[str], None]) -> None:
        self._writer = writer
        self._announce = announce
        self._connection = writer.connection
        self._callbacks: list[Callable[[], None]] = []

    async def __aenter__(self) -> SqliteTransaction:
        await self._writer.take_turn()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._writer.give_up_turn()
            return
        await self._writer.join_commit()
        for callback in self._callbacks:
            callback()

    async def one(self, statement: AnyStatement, **params: Any) -> Any:
        return _fetch_one(self._connection, statement, params)

    async def all(self, statement: AnyStatement, **params: Any) -> Any:
        return _fetch_all(self._connection, statement, params)

    async def value(self, statement: AnyStatement, **params: Any) -> Any:
        return _fetch_value(self._connection, statement, params)

    async def execute(self, statement: AnyStatement, **params: Any) -> int:
        compiled = compile_any(statement, SQLITE)
        try:
            return self._connection.execute(*compiled.bind(params)).rowcount
        except sqlite3.Error as error:
            raise _translate(error) from error

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    async def notify(self, tenant_id: str) -> None:
        self.after_commit(partial(self._announce, tenant_id))


class _Writer:
    """The single writing connection and the group that will commit together."""

    def __init__(self, connection: sqlite3.Connection, checkpoints: Checkpoints) -> None:
        self.connection = connection
        self.connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        self._checkpoints = checkpoints
        self._turn = Turn(forfeited=self._pass_on)
        self._locked_since: float | None = None
        self._group: list[asyncio.Future[None]] = []
        self._thread = WorkerThread("sqlite-commit")

    @property
    def is_locked_out(self) -> bool:
        """Whether another process has kept the file from us for longer than a moment."""
        since = self._locked_since
        return since is not None and time.monotonic() - since > _MOMENT

    def let_in(self) -> None:
        """Forget that the file was locked."""
        self._locked_since = None

    async def take_turn(self) -> None:
        """Wait for the writer and begin something that can be undone by itself."""
        await self._turn.take()
        try:
            if not self.connection.in_transaction:
                await self._begin()
            if self._group:
                self.connection.execute("SAVEPOINT turn")
        except BaseException:
            self._pass_on()
            raise

    def give_up_turn(self) -> None:
        """Undo this turn's writes and let the next one have the writer."""
        if not self._group:
            self._roll_back()
        elif self.connection.in_transaction:
            self.connection.execute("ROLLBACK TO turn")
            self.connection.execute("RELEASE turn")
        else:
            # SQLite itself undid all of it (the disk is full): a commit fails, and the group hears.
            self._commit()
            return
        self._pass_on()

    async def join_commit(self) -> None:
        """Keep this turn's writes and return when they are on disk."""
        if self._group:
            self.connection.execute("RELEASE turn")
        # One for each member: who is cancelled here does not take the others' commit along.
        on_disk = self._turn.new_future()
        self._group.append(on_disk)
        self._pass_on()
        await on_disk

    async def close(self) -> None:
        # A commit under way has the turn.
        await self._turn.take()
        self._turn.pass_on()
        self._thread.close()
        self.connection.execute("PRAGMA optimize")
        self.connection.close()

    def _pass_on(self) -> None:
        """Hand the writer to the next in line, or commit if there is none or the group is full."""
        if self._turn.has_line and len(self._group) < _MAX_GROUP:
            self._turn.pass_on()
        else:
            self._commit()

    async def _begin(self) -> None:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise _translate(error) from error
            now = time.monotonic()
            since = self._locked_since = self._locked_since or now
            if now - since > _BUSY_TIMEOUT:
                # Somebody has waited already. If each in line did so, the last would for hours.
                raise DatabaseUnavailable("the database is locked") from error
            begun = self._thread.submit(partial(self._begin_patiently, since + _BUSY_TIMEOUT))
            try:
                await asyncio.shield(begun)
            except asyncio.CancelledError:
                # The thread still has the connection: nobody may have the turn before it is done.
                await asyncio.wait([begun])
                raise
        self.let_in()

    def _begin_patiently(self, deadline: float) -> None:
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise DatabaseUnavailable("the database is locked") from error
                time.sleep(0.001)

    def _commit(self) -> None:
        """Commit the group in the thread, which has the turn until `_end` passes it on."""
        group, self._group = self._group, []
        if group:
            committed = self._thread.submit(self._write_down)
            committed.add_done_callback(partial(self._end, group))
            return
        try:
            self._roll_back()
        finally:
            self._turn.pass_on()

    def _roll_back(self) -> None:
        """Undo what nobody else has a share in."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _write_down(self) -> None:
        """Commit, in the thread."""
        self.connection.execute("COMMIT")
        self._checkpoints.note_commit()

    def _end(self, group: list[asyncio.Future[None]], committed: asyncio.Future[Any]) -> None:
        """Tell a group how its commit went, and let the next one have the writer."""
        error = committed.exception()
        failure = _translate(error) if isinstance(error, sqlite3.Error) else error
        if failure is not None:
            self._roll_back()
        for on_disk in group:
            if on_disk.done():
                continue
            if failure is None:
                on_disk.set_result(None)
            else:
                on_disk.set_exception(failure)
        self._turn.pass_on()


def connect(path: Path, *, cache: int | None = None) -> sqlite3.Connection:
    """Return a connection with the durability and integrity this project promises; its page cache
    takes up to `cache` KiB, or what SQLite finds right."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=0
    )
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # What a savepoint may have to undo stays in memory; by default it goes to a file in /var/tmp.
    connection.execute("PRAGMA temp_store=MEMORY")
    if cache is not None:
        connection.execute(f"PRAGMA cache_size=-{cache}")
    connection.execute("PRAGMA busy_timeout=0")
    return connection


def _fetch_one(
    connection: sqlite3.Connection, statement: AnyStatement, params: dict[str, Any]
) -> Any:
    compiled = compile_any(statement, SQLITE)
    row = _run(connection, compiled, params, sqlite3.Cursor.fetchone)
    return None if row is None else compiled.row(row)


def _fetch_all(
    connection: sqlite3.Connection, statement: AnyStatement, params: dict[str, Any]
) -> list[Any]:
    compiled = compile_any(statement, SQLITE)
    return [
        compiled.row(row) for row in _run(connection, compiled, params, sqlite3.Cursor.fetchall)
    ]


def _fetch_value(
    connection: sqlite3.Connection, statement: AnyStatement, params: dict[str, Any]
) -> Any:
    compiled = compile_any(statement, SQLITE)
    row = _run(connection, compiled, params, sqlite3.Cursor.fetchone)
    return None if row is None else row[0]


def _run(
    connection: sqlite3.Connection,
    compiled: Compiled,
    params: dict[str, Any],
    take: Callable[[sqlite3.Cursor], Any],
) -> Any:
    try:
        return take(connection.execute(*compiled.bind(params)))
    except sqlite3.Error as error:
        raise _translate(error) from error


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }


def _translate(error: sqlite3.Error) -> Exception:
    text = str(error)
    unique = _UNIQUE.match(text)
    if unique:
        return UniqueViolation(unique["index"] or _constraint_of(unique["columns"]))
    if "FOREIGN KEY constraint failed" in text:
        return ForeignKeyViolation(text)
    if isinstance(error, sqlite3.OperationalError):
        return DatabaseUnavailable(text)
    return StorageError(text)


def _constraint_of(columns: str) -> str:
    """Return the name of the constraint over "table.a, table.b", as PostgreSQL would report it."""
    pairs = [column.strip().split(".") for column in columns.split(",")]
    table = metadata.tables[pairs[0][0]]
    names = [name for _, name in pairs]
    if names == [column.name for column in table.primary_key.columns]:
        return str(table.primary_key.name or f"pk_{table.name}")
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and [c.name for c in constraint] == names:
            return str(constraint.name)
    for index in table.indexes:
        if index.unique and [getattr(c, "name", None) for c in index.expressions] == names:
            return str(index.name)
    return columns
