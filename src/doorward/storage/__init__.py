"""Storage: one interface, SQLite with group commit and PostgreSQL behind it.

    Statement ──compiled once per dialect──► SQL text + parameter order + converters
    Database.one/all/value                   reads, outside a transaction
    Database.transaction(tenant_id)          the only way to write

`database.py` says what a database promises; `sqlite.py` and `postgres.py` keep it with the raw
drivers, and one conformance suite (tests/storage) holds both to it. `statements.py` compiles
SQLAlchemy Core. `snapshots.py` caches configuration and learns of changes made elsewhere.
`migrations/` is Alembic. Tables themselves belong to the slices (`<slice>/tables.py`).
"""

from doorward.storage.database import Database, Executor, Transaction, open_database
from doorward.storage.errors import (
    ForeignKeyViolation,
    InvalidValue,
    StorageError,
    UniqueViolation,
    ValueTooLong,
)
from doorward.storage.schema import ClientId, Json, Timestamp, metadata, tenant_table
from doorward.storage.snapshots import Snapshot, Snapshots, config_changed
from doorward.storage.statements import Statement, insert_new_statement, insert_statement

__all__ = [
    "ClientId",
    "Database",
    "Executor",
    "ForeignKeyViolation",
    "InvalidValue",
    "Json",
    "Snapshot",
    "Snapshots",
    "Statement",
    "StorageError",
    "Timestamp",
    "Transaction",
    "UniqueViolation",
    "ValueTooLong",
    "config_changed",
    "insert_new_statement",
    "insert_statement",
    "metadata",
    "open_database",
    "tenant_table",
]
