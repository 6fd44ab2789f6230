"""SQLAlchemy Core statements, compiled once per dialect and run on the raw drivers.

Compiling costs hundreds of microseconds and running through the ORM engine about as much again;
a `Statement` pays the first once and the second never (docs/decisions/0002-storage.md has the
measurements).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, overload

import msgspec
from sqlalchemy import Boolean, Executable, Table, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from doorward.kit.clock import from_milliseconds, to_milliseconds
from doorward.storage.schema import Json, Timestamp

T = TypeVar("T")
U = TypeVar("U")

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode

SQLITE: Dialect = sqlite.dialect(paramstyle="qmark")
POSTGRESQL: Dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]

Convert = Callable[[Any], Any]
Into = type[Any] | tuple[type[Any], ...] | None


class Compiled:
    """SQL of one dialect with what turns Python values into driver values and back."""

    __slots__ = ("_compiled", "_defaults", "_expands", "_names", "_result", "_sql")

    def __init__(self, executable: Executable, *, dialect: Dialect, into: Into) -> None:
        compiled = _compile(executable, dialect)
        self._compiled = compiled
        self._sql: str = compiled.string
        # IN (...) is written out for as many values as come, so its SQL differs from call to call.
        self._expands = bool(compiled.post_compile_params)
        binds = compiled.binds
        self._names = tuple(
            (name, _bind_converter(binds[name].type)) for name in compiled.positiontup or ()
        )
        self._defaults = {name: bind.value for name, bind in binds.items() if not bind.required}
        columns = [
            (entry.keyname, _result_converter(entry.type, dialect))
            for entry in compiled._result_columns
        ]
        self._result = _row_maker(columns, into)

    def bind(self, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Return the SQL and the driver values in its order.

        Raises:
            KeyError: a parameter of the statement is missing.
        """
        if self._expands:
            return self._expand(params)
        defaults = self._defaults
        values: list[Any] = []
        for name, convert in self._names:
            value = params[name] if name in params else defaults[name]
            values.append(value if convert is None or value is None else convert(value))
        return self._sql, values

    def _expand(self, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
        defaults = self._defaults
        known = {
            name: params[name] if name in params else defaults[name] for name, _ in self._names
        }
        state = self._compiled.construct_expanded_state(known)
        converters = dict(self._names)
        for name, expanded in state.parameter_expansion.items():
            converters.update(dict.fromkeys(expanded, converters[name]))
        values = []
        for name in state.positiontup or ():
            value, convert = state.parameters[name], converters[name]
            values.append(value if convert is None or value is None else convert(value))
        return state.statement, values

    def row(self, values: Sequence[Any]) -> Any:
        """Return what `into` asks for (a Struct, a tuple of them, a dict) of one driver row."""
        return self._result(values)


class Statement(Generic[T]):
    """A Core statement and the frozen Struct its rows become (a dict when `into` is None).

    Struct fields are matched to columns by name. The rows of a join may become a tuple of Structs:
    the columns of the first stand before those of the second. Compilation happens at first use, per
    dialect.
    """

    __slots__ = ("_compiled", "executable", "into")

    @overload
    def __init__(self: Statement[dict[str, Any]], executable: Executable) -> None: ...
    @overload
    def __init__(self, executable: Executable, *, into: type[T]) -> None: ...
    @overload
    def __init__(
        self: Statement[tuple[T, U]], executable: Executable, *, into: tuple[type[T], type[U]]
    ) -> None: ...
    def __init__(self, executable: Executable, *, into: Into = None) -> None:
        self.executable = executable
        self.into = into
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect: Dialect) -> Compiled:
        """Return the compiled form for `dialect`, compiling it the first time."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = Compiled(self.executable, dialect=dialect, into=self.into)
            self._compiled[dialect.name] = found
        return found


def insert_statement(table: Table) -> Statement[dict[str, Any]]:
    """Return an INSERT that takes every column of `table` as a parameter of the same name."""
    return Statement(
        insert(table).values({c.name: bindparam(c.name, type_=c.type) for c in table.c})
    )


def insert_new_statement(table: Table) -> Statement[dict[str, Any]]:
    """Return the same INSERT, but one that touches no row when the primary key is taken.

    A gate like a conditional UPDATE: of any number of callers at once, one has a row count of 1.
    """
    # Both dialects spell ON CONFLICT alike, and each compiles the clause of the other.
    values = {c.name: bindparam(c.name, type_=c.type) for c in table.c}
    key = list(table.primary_key.columns)
    return Statement(
        postgresql.insert(table).values(values).on_conflict_do_nothing(index_elements=key)
    )


def compile_any(statement: Statement[Any] | Executable, dialect: Dialect) -> Compiled:
    """Return the compiled form of a Statement, or of an ad-hoc executable (compiled each time)."""
    if isinstance(statement, Statement):
        return statement.compiled(dialect)
    return Compiled(statement, dialect=dialect, into=None)


def _compile(executable: Executable, dialect: Dialect) -> SQLCompiler:
    compiled = executable.compile(dialect=dialect)  # type: ignore[attr-defined]
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{executable} is not a statement")
    return compiled


def _bind_converter(type_: Any) -> Convert | None:
    if isinstance(type_, Json):
        return lambda value: _encode_json(value).decode()
    if isinstance(type_, Timestamp):
        return lambda value: to_milliseconds(value) if isinstance(value, datetime) else value
    return None


def _result_converter(type_: Any, dialect: Dialect) -> Convert | None:
    if isinstance(type_, Json):
        return _decode_json if type_.of is None else msgspec.json.Decoder(type_.of).decode
    if isinstance(type_, Timestamp):
        return from_milliseconds
    if isinstance(type_, Boolean) and dialect.name == "sqlite":
        return bool
    return None


def _row_maker(
    columns: Sequence[tuple[str, Convert | None]], into: Into
) -> Callable[[Sequence[Any]], Any]:
    names = [name for name, _ in columns]
    converters = [(i, convert) for i, (_, convert) in enumerate(columns) if convert is not None]

    def converted(values: Sequence[Any]) -> list[Any]:
        row = list(values)
        for i, convert in converters:
            if row[i] is not None:
                row[i] = convert(row[i])
        return row

    if into is None:
        return lambda values: dict(zip(names, converted(values), strict=True))
    if isinstance(into, tuple):
        return _tuple_maker(columns, into)
    order = _order(names, into)
    if order == list(range(len(names))):
        return lambda values: into(*converted(values))

    def reordered(values: Sequence[Any]) -> Any:
        row = converted(values)
        return into(*[row[i] for i in order])

    return reordered


def _tuple_maker(
    columns: Sequence[tuple[str, Convert | None]], into: tuple[type[Any], ...]
) -> Callable[[Sequence[Any]], Any]:
    parts = []
    start = 0
    for struct in into:
        end = start + len(struct.__struct_fields__)
        parts.append((slice(start, end), _row_maker(columns[start:end], struct)))
        start = end
    if start != len(columns):
        raise TypeError(f"{start} columns are wanted, {len(columns)} are selected")
    return lambda values: tuple(make(values[part]) for part, make in parts)


def _order(names: Sequence[str], into: type[Any]) -> list[int]:
    # The Struct may declare its fields in another order than the columns come in.
    fields: tuple[str, ...] = into.__struct_fields__
    missing = set(fields) - set(names)
    if missing:
        raise TypeError(f"{into.__name__} needs columns {sorted(missing)} that are not selected")
    return [names.index(field) for field in fields]
