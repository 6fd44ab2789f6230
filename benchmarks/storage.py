"""What the storage layer costs over bare sqlite3, and what group commit wins over it.

A point read returns a row of eight columns, a JSON object and two times among them, as a frozen
Struct. A transaction writes one row, interactively: a savepoint, an INSERT, a share in a commit.
Both sides run on the server's core, on the same file, with WAL and synchronous=FULL.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from sqlalchemy import Boolean, Column, MetaData, String, Table, bindparam, select

from benchmarks.harness import (
    SERVER_CORE,
    Figure,
    Options,
    alternate,
    medians,
    on_cores,
    ratio,
    scratch_directory,
)
from doorward.storage import Json, Statement, Timestamp, insert_statement
from doorward.storage.sqlite import SqliteDatabase

ROWS = 1000
READS = 20_000
WRITES = 4000
AT_ONCE = 64

books = Table(
    "books",
    MetaData(),
    Column("tenant_id", String(21), primary_key=True),
    Column("id", String(21), primary_key=True),
    Column("title", String(128), nullable=False),
    Column("isbn", String(32)),
    Column("is_lent", Boolean, nullable=False),
    Column("details", Json, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    sqlite_with_rowid=False,
)


class Book(msgspec.Struct, frozen=True):
    id: str
    title: str
    isbn: str | None
    is_lent: bool
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime


FIND = Statement(
    select(books).where(books.c.tenant_id == bindparam("tenant_id"), books.c.id == bindparam("id")),
    into=Book,
)
INSERT = insert_statement(books)
BARE_FIND = "SELECT * FROM books WHERE tenant_id = ? AND id = ?"
BARE_INSERT = "INSERT INTO books VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def measure(options: Options) -> list[Figure]:
    # The layer's own threads have to start on the core as well, so it is opened inside.
    with on_cores(SERVER_CORE), scratch_directory() as directory:
        path = directory / "books.sqlite"
        with _bare(path) as bare, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            _fill(bare)
            number = _numbers()
            db = runner.run(_open(path))
            reads = alternate(
                {
                    "bare": lambda: _timed(READS, lambda: _read_bare(bare)),
                    "layer": lambda: _timed(READS, lambda: runner.run(_read(db))),
                },
                rounds=options.rounds,
            )
            writes = alternate(
                {
                    "bare": lambda: 1 / _timed(WRITES, lambda: _write_bare(bare, number)),
                    "layer": lambda: 1 / _timed(WRITES, lambda: runner.run(_write(db, number))),
                },
                rounds=options.rounds,
            )
            runner.run(db.close())
    return [
        Figure(
            name="SQLite point read, layer / bare",
            value=ratio(reads, "layer", "bare"),
            target=4.0,
            at_least=False,
            detail={f"{name} us": value * 1e6 for name, value in medians(reads).items()},
        ),
        Figure(
            name="64 transactions at once, layer / bare loop",
            value=ratio(writes, "layer", "bare"),
            target=2.5,
            detail={f"{name} /s": value for name, value in medians(writes).items()},
        ),
    ]


@contextmanager
def _bare(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE books (tenant_id TEXT, id TEXT, title TEXT NOT NULL, isbn TEXT,"
        " is_lent BOOLEAN NOT NULL, details TEXT NOT NULL, created_at BIGINT NOT NULL,"
        " updated_at BIGINT NOT NULL, PRIMARY KEY (tenant_id, id)) WITHOUT ROWID"
    )
    yield connection
    connection.close()


def _numbers() -> Callable[[], int]:
    """Ids that no row has yet."""
    return iter(range(ROWS, 10**9)).__next__


def _row(number: int) -> tuple[object, ...]:
    details = '{"shelf": 7, "keywords": ["sea", "whale"]}'
    return ("default", f"book{number}", "Moby Dick", None, 0, details, 1, 1)


def _fill(bare: sqlite3.Connection) -> None:
    bare.execute("BEGIN")
    bare.executemany(BARE_INSERT, [_row(number) for number in range(ROWS)])
    bare.execute("COMMIT")


async def _open(path: Path) -> SqliteDatabase:
    return SqliteDatabase.open(path)


def _timed(count: int, run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) / count


def _read_bare(bare: sqlite3.Connection) -> None:
    for number in range(READS):
        bare.execute(BARE_FIND, ("default", f"book{number % ROWS}")).fetchone()


async def _read(db: SqliteDatabase) -> None:
    for number in range(READS):
        book = await db.one(FIND, tenant_id="default", id=f"book{number % ROWS}")
        assert book.title == "Moby Dick"


def _write_bare(bare: sqlite3.Connection, number: Callable[[], int]) -> None:
    for _ in range(WRITES):
        bare.execute("BEGIN IMMEDIATE")
        bare.execute(BARE_INSERT, _row(number()))
        bare.execute("COMMIT")


async def _write(db: SqliteDatabase, number: Callable[[], int]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    async def write_some() -> None:
        for _ in range(WRITES // AT_ONCE):
            async with db.transaction("default") as tx:
                await tx.execute(
                    INSERT,
                    tenant_id="default",
                    id=f"book{number()}",
                    title="Moby Dick",
                    isbn=None,
                    is_lent=False,
                    details={"shelf": 7, "keywords": ["sea", "whale"]},
                    created_at=now,
                    updated_at=now,
                )

    await asyncio.gather(*(write_some() for _ in range(AT_ONCE)))
