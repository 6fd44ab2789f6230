"""RFC 9396 section 2: the types of authorization details that API resources define.

A resource names a type and the members that a detail of it may have, so that a request can be
refused, a person be told, and a token be given only to the API that knows what it means. A type
belongs to one resource of the tenant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from doorward.errors import RequestError
from doorward.resources import store
from doorward.resources.tables import AuthorizationDetailsType, Resource
from doorward.storage import Executor, Snapshot

COMMON_LISTS = ("locations", "actions", "datatypes", "privileges")
"""RFC 9396 section 2.2: members that every type has, lists of strings each."""

_KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}
# Nothing that writes over other text: a detail must not be able to change what stands beside it.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class KnownType(msgspec.Struct, frozen=True):
    """A type and the resource that it belongs to."""

    definition: AuthorizationDetailsType
    indicator: str


async def known_types(snapshot: Snapshot) -> Mapping[str, KnownType]:
    """Return the types of every resource of the tenant, by name."""

    async def load() -> dict[str, KnownType]:
        found = await store.list_detail_types(snapshot.db, tenant_id=snapshot.tenant_id)
        return {
            definition.type: KnownType(definition, indicator)
            for indicator, definitions in found
            for definition in definitions
        }

    return await snapshot.get("authorization details types", load)


async def check_types_free(db: Executor, *, tenant_id: str, resource: Resource) -> None:
    """Check that no other resource has a type of this one, and this one none twice.

    Raises:
        RequestError: 422 resource.authorization_details_type_in_use.
    """
    wanted = [definition.type for definition in resource.authorization_details_types]
    taken = {
        definition.type
        for indicator, definitions in await store.list_detail_types(db, tenant_id=tenant_id)
        for definition in definitions
        if indicator != resource.indicator
    }
    for name in wanted:
        if name in taken or wanted.count(name) > 1:
            raise RequestError(
                "resource.authorization_details_type_in_use",
                status=422,
                interpolation={"type": name},
            )


def find_fault(detail: Mapping[str, Any], definition: AuthorizationDetailsType) -> str | None:
    """Return what is wrong with a detail of this type, or None.

    RFC 9396 section 5: unknown members, and members of the wrong kind, are refused.
    """
    for name, value in detail.items():
        if name == "type":
            continue
        if name in COMMON_LISTS:
            if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
                return f"{name} must be a list of strings"
        elif name == "identifier":
            if not isinstance(value, str):
                return "identifier must be a string"
        else:
            field = definition.fields.get(name)
            if field is None:
                return f"unknown member {name[:64]}"
            if not _is_of(value, field.kind):
                return f"{name} must be of kind {field.kind}"
    for name, field in definition.fields.items():
        if field.is_required and name not in detail:
            return f"missing member {name}"
    return None


def describe(detail: Mapping[str, Any], definition: AuthorizationDetailsType) -> list[str]:
    """Return what a detail asks for as lines of plain text: what it is, then its members.

    All of it: what is not shown was not allowed. A template escapes the lines; what would hide or
    reorder text is left out here.
    """
    lines = [_plain(definition.description or definition.type)]
    members = {name: value for name, value in detail.items() if name != "type"}
    lines += [f"{_plain(path)}: {_plain(value)}" for path, value in _flat(members, "")]
    return lines


def describe_all(
    details: Iterable[Mapping[str, Any]], types: Mapping[str, KnownType]
) -> list[list[str]]:
    """Return the description of each detail whose type is still known."""
    return [
        describe(detail, types[detail["type"]].definition)
        for detail in details
        if detail.get("type") in types
    ]


def _is_of(value: Any, kind: str) -> bool:
    # A bool is an int in Python, and no number in JSON.
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])


def _flat(value: Any, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        for position, inner in enumerate(value, 1):
            yield from _flat(inner, f"{path} {position}")
    elif isinstance(value, list):
        yield path, ", ".join(_scalar(entry) for entry in value)
    else:
        yield path, _scalar(value)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _plain(text: str) -> str:
    return _INVISIBLE.sub(" ", text)
