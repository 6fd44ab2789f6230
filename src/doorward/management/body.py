"""What handlers take and give: strict JSON in, camelCase out.

* A body is decoded straight into its Struct, without coercion: "1" is no number here.
* Unknown members (ids among them) are dropped, as clients of the API expect.
* `UNSET` is a member that was not sent, None one that was sent as null. `changes_of` turns a PATCH
  body into the columns to set; an empty string means null on every nullable column.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.exceptions import ClientException
from msgspec import UNSET, Meta, UnsetType

from doorward.errors import RequestError
from doorward.management.wire_types import type_at

JsonObject = dict[str, Any]
EntityId = Annotated[str, Meta(min_length=1, max_length=128)]
Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_000)]
"""Milliseconds since the epoch, at most the year 9999."""
Seconds = Annotated[int, Meta(ge=0, le=2_147_483_647)]

VALIDATION_ERROR = "ZodError"
"""The name by which clients know the data of a validation error."""

MAX_DEPTH = 100
"""Levels of nesting in a body: what is stored must be encoded again inside an answer."""

_AT_PATH = re.compile(r"^(?P<text>.*?) - at `\$?\.?(?P<path>.*?)`$", re.DOTALL)
_TYPE_MISMATCH = re.compile(r"^Expected `(?P<expected>.+?)`, got `(?P<received>.+?)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>.+?)`$")
_CODES = {
    r"Expected `string` matching regex": "invalid_string",
    r"Expected `\w+`( of length)? >": "too_small",
    r"Expected `\w+`( of length)? <": "too_big",
    r"Invalid enum value": "invalid_enum_value",
}
# msgspec speaks of Python's types, clients know those of JSON.
_WIRE_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_TYPE_NAME = re.compile(r"\b(str|int|float|bool)\b(?=[^`]*`)")
_ESCAPED_NUL = b"\\u0000"


class Body(msgspec.Struct, rename="camel", kw_only=True):
    """The common form of request bodies."""


class View(msgspec.Struct, rename="camel", kw_only=True):
    """The common form of response bodies; an UNSET member is left out."""


class StrictBody(AbstractDTO[Any]):
    """Litestar's hook for decoding `data`; set on the routers of the API."""

    _decoders: ClassVar[dict[str, msgspec.json.Decoder[Any]]] = {}

    def decode_bytes(self, value: bytes) -> Any:
        handler_id = self.asgi_connection.route_handler.handler_id
        return parse_body(value, self._decoders[handler_id])

    @classmethod
    def create_for_field_definition(
        cls, field_definition: Any, handler_id: str, backend_cls: Any = None
    ) -> None:
        cls._decoders[handler_id] = msgspec.json.Decoder(field_definition.annotation)

    @classmethod
    def create_openapi_schema(
        cls, field_definition: Any, handler_id: str, schema_creator: Any
    ) -> Any:
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:
        raise TypeError("bodies are decoded whole")

    @classmethod
    def detect_nested_field(cls, field_definition: Any) -> bool:
        return False


def parse_body(raw: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Return the decoded body; an absent one counts as an empty object.

    Raises:
        RequestError: 400 guard.invalid_input, a member has the wrong type or shape.
        ClientException: 400, the body is not JSON.
    """
    try:
        body = decoder.decode(raw or b"{}")
    except msgspec.ValidationError as error:
        raise invalid_input("body", issues=[issue_of(str(error), model=decoder.type)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClientException(str(error)) from error
    except RecursionError as error:
        raise ClientException("JSON is nested too deeply") from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and is_deeper(
        msgspec.json.decode(raw), levels=MAX_DEPTH
    ):
        raise invalid_input(
            "body", issues=[custom_issue("", f"Must not be nested deeper than {MAX_DEPTH} levels")]
        )
    # PostgreSQL stores no NUL, so neither database is given one.
    if _ESCAPED_NUL in raw and has_nul(msgspec.json.decode(raw)):
        raise invalid_input("body", issues=[custom_issue("", "Must not contain NUL characters")])
    return body


def refuse_nul(request: Request[Any, Any, Any]) -> None:
    """Refuse NUL characters in path and query, before anything is looked up by them."""
    is_in_query = b"%00" in request.scope["query_string"]
    if is_in_query or "\0" in request.scope["path"]:
        source = "query" if is_in_query else "path"
        raise invalid_input(source, issues=[custom_issue("", "Must not contain NUL characters")])


def changes_of(body: msgspec.Struct) -> dict[str, Any]:
    """Return the members that were sent, by field name; an empty string becomes None."""
    changes = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: null_if_empty(value) for name, value in changes.items() if value is not UNSET}


def null_if_empty(value: Any) -> Any:
    """Return None for an empty string or a member that was not sent."""
    return None if value is UNSET or value == "" else value


def or_default(value: Any | UnsetType, default: Any) -> Any:
    """Return the value, or `default` when the member was not sent."""
    return default if value is UNSET else value


def issue_of(message: str, *, model: Any = Any) -> dict[str, Any]:
    """Return one validation issue in wire shape of a msgspec message about a `model`."""
    at = _AT_PATH.match(message)
    text, path = (at["text"], at["path"]) if at else (message, "")
    text, parts = _wire_types(text), _path_parts(path)
    if missing := _MISSING.match(text):
        parts.append(missing["name"])
        issue = _type_issue(parts, type_at(parts, model=model), "undefined")
        return {**issue, "message": "Required."}
    if mismatch := _TYPE_MISMATCH.match(text):
        # JSON has numbers; that some are integers is our wish, not what came.
        received = mismatch["received"].replace("integer", "number")
        return _type_issue(parts, mismatch["expected"], received)
    code = next((code for start, code in _CODES.items() if re.match(start, text)), "custom")
    plain = "Does not have the expected form." if code == "invalid_string" else text
    return {"code": code, "message": plain.replace("`", ""), "path": parts}


def custom_issue(path: str, message: str) -> dict[str, Any]:
    """Return an issue with a text of its own; `path` is dotted."""
    return {"code": "custom", "message": message, "path": _path_parts(path)}


def invalid_input(source: str, *, issues: list[dict[str, Any]]) -> RequestError:
    """Return 400 guard.invalid_input; `source` is "body", "query", "path" or "params"."""
    return RequestError(
        "guard.invalid_input",
        data={"issues": issues, "name": VALIDATION_ERROR},
        interpolation={"type": source},
    )


def _type_issue(path: list[str | int], expected: str, received: str) -> dict[str, Any]:
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "message": f"Expected {expected} but received {received}.",
        "path": path,
    }


def _wire_types(text: str) -> str:
    if not text.startswith("Expected `"):
        return text
    return _TYPE_NAME.sub(lambda match: _WIRE_TYPES[match[0]], text)


def _path_parts(path: str) -> list[str | int]:
    parts: list[str | int] = []
    for part in path.replace("[", ".[").split("."):
        if part:
            index = part.strip("[]")
            parts.append(int(index) if part.startswith("[") and index.isdigit() else index)
    return parts


def is_deeper(body: Any, *, levels: int) -> bool:
    """Tell whether a JSON value is nested deeper than so many levels."""
    level = [body]
    for _ in range(levels):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def has_nul(value: Any) -> bool:
    """Tell whether a text in a JSON value holds NUL, which PostgreSQL does not store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(has_nul(key) or has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(has_nul(item) for item in value)
