"""What a database promises, whichever engine keeps it.

* A read outside a transaction sees only what is committed.
* `transaction(tenant_id)` is interactive: reads inside it see its own writes. When the block ends
  without an error the data is ON DISK; when it raises, nothing of it happened.
* A write that fails undoes its own transaction alone, never a neighbour's in the same commit.
* Row counts are exact, so a conditional UPDATE or DELETE is a gate that one caller passes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload, runtime_checkable

from sqlalchemy import Executable

from doorward.storage.statements import Statement

if TYPE_CHECKING:
    from doorward.settings import Settings

T = TypeVar("T")

ALL_TENANTS = "*"
"""The tenant id of work that crosses tenants: seeding, sweeping, backup. Never from a request."""


class Executor(Protocol):
    """Reads, in or out of a transaction. Parameters are those of the statement, by name."""

    @overload
    async def one(self, statement: Statement[T], **params: Any) -> T | None: ...
    @overload
    async def one(self, statement: Executable, **params: Any) -> dict[str, Any] | None: ...
    async def one(self, statement: Any, **params: Any) -> Any:
        """Return the first row, or None. For point reads."""

    @overload
    async def all(self, statement: Statement[T], **params: Any) -> list[T]: ...
    @overload
    async def all(self, statement: Executable, **params: Any) -> list[dict[str, Any]]: ...
    async def all(self, statement: Any, **params: Any) -> Any:
        """Return every row. For lists and searches."""

    async def value(self, statement: Statement[Any] | Executable, **params: Any) -> Any:
        """Return the first column of the first row, or None. For counts and single values."""


class Transaction(Executor, Protocol):
    """Reads and writes that happen together or not at all."""

    async def execute(self, statement: Statement[Any] | Executable, **params: Any) -> int:
        """Run a write and return how many rows it touched.

        Raises:
            UniqueViolation, ForeignKeyViolation: the constraint that refused it.
        """

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the data is on disk; never if the transaction fails."""

    async def notify(self, tenant_id: str) -> None:
        """Tell this and other nodes, after the commit, that the tenant's configuration changed."""


@runtime_checkable  # Litestar checks what it hands to handlers
class Database(Executor, Protocol):
    """An open database."""

    dialect_name: str
    staleness: float
    """Seconds for which a configuration snapshot may be used without asking again."""

    def transaction(self, tenant_id: str) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction for one tenant (or ALL_TENANTS)."""

    def change_token(self) -> int | None:
        """Return a number that changes with any commit by anyone; None where that is not cheap."""

    def on_notify(self, callback: Callable[[str], None]) -> None:
        """Call `callback(tenant_id)` when a configuration change is announced."""

    async def check(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""

    async def close(self) -> None:
        """Finish what is in flight and close every connection."""


async def open_database(settings: Settings) -> Database:
    """Open the database that `settings` name; it must be migrated already."""
    if settings.is_sqlite:
        from doorward.storage.sqlite import SqliteDatabase

        return SqliteDatabase.open(settings.sqlite_path)
    from doorward.storage.postgres import PostgresDatabase

    return await PostgresDatabase.open(settings.database_url, pool_size=settings.database_pool_size)
