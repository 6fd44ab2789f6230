"""JSON's types by name, as clients know them: what a model wants at a place in a body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import inspect

ANYTHING = "any"

_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "string",
    inspect.LiteralType: "string",
    inspect.EnumType: "string",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.BoolType: "boolean",
    inspect.NoneType: "null",
    inspect.ListType: "array",
    inspect.VarTupleType: "array",
    inspect.DictType: "object",
    inspect.StructType: "object",
}


def type_at(path: Sequence[str | int], *, model: Any) -> str:
    """Return the JSON type that `model` wants at a path, or "any" when it does not say."""
    found = inspect.type_info(model)
    for part in path:
        found = _member(found, part)
    names = [_NAMES[type(kind)] for kind in _alternatives(found) if type(kind) in _NAMES]
    return " | ".join(names) or ANYTHING


def _member(type_: inspect.Type, part: str | int) -> inspect.Type:
    for kind in _alternatives(type_):
        if isinstance(kind, inspect.StructType):
            for field in kind.fields:
                if field.encode_name == part:
                    return field.type
        if isinstance(kind, inspect.DictType):
            return kind.value_type
        if isinstance(kind, inspect.ListType | inspect.VarTupleType):
            return kind.item_type
    return inspect.AnyType()


def _alternatives(type_: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(type_, inspect.Metadata):
        return _alternatives(type_.type)
    if isinstance(type_, inspect.UnionType):
        return tuple(kind for member in type_.types for kind in _alternatives(member))
    return (type_,)
