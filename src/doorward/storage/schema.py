"""The shared MetaData, column types and the shape every tenant table has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


ClientId = String(2048)
"""The id of an OAuth client: 21 characters of ours, or the URL of its client id metadata document,
which is stored whole: it is the identity, and a prefix of it is another's."""


class Timestamp(TypeDecorator[Any]):
    """An aware UTC datetime, stored as milliseconds since the epoch (BIGINT) on both databases."""

    impl = BigInteger
    cache_ok = True


class Json(TypeDecorator[Any]):
    """A JSON value: JSONB on PostgreSQL, TEXT on SQLite. `of` is the Struct it is read into."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[Any] | None = None) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(Text())


def tenant_table(name: str, *columns: Any, primary_key: Sequence[str] = ("id",)) -> Table:
    """Return a table whose primary key is (tenant_id, *primary_key).

    The tenant comes first everywhere: a lookup cannot forget it, row-level security has one rule,
    and it is the natural distribution column of a sharded PostgreSQL.
    """
    for column in columns:
        if isinstance(column, Column) and column.name in primary_key:
            column.primary_key = True
            column.nullable = False
    tenant_id = Column(
        "tenant_id",
        String(21),
        ForeignKey("tenants.id", ondelete="CASCADE"),
        primary_key=True,
    )
    # WITHOUT ROWID: the row lives in the primary key's B-tree, one tree to touch instead of two.
    return Table(name, metadata, tenant_id, *columns, sqlite_with_rowid=False)
