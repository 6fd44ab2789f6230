"""A configuration held against the form of its connector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from doorward.connectors.errors import ConnectorError, ConnectorFault
from doorward.connectors.protocol import FieldType, FormField

_MAX_TEXT = 16_384

_EXPECTED: Mapping[FieldType, type | tuple[type, ...]] = {
    FieldType.TEXT: str,
    FieldType.MULTILINE_TEXT: str,
    FieldType.SELECT: str,
    FieldType.NUMBER: (int, float),
    FieldType.SWITCH: bool,
    FieldType.JSON: (dict, list),
}


def check_config(form: Iterable[FormField], config: Mapping[str, Any]) -> None:
    """Raise unless every required field is there and every field is of its type.

    Raises:
        ConnectorError: INVALID_CONFIG; data is {"issues": [{"path": [key], "message": ...}]}.
    """
    issues = list_issues(form, config)
    if issues:
        data = {"issues": [{"path": [key], "message": text} for key, text in issues.items()]}
        raise ConnectorError(
            ConnectorFault.INVALID_CONFIG, data=data, detail=", ".join(sorted(issues))
        )


def list_issues(form: Iterable[FormField], config: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with a configuration, by the key of the field."""
    issues = {}
    for field in form:
        if issue := _find_issue(field, config.get(field.key)):
            issues[field.key] = issue
    return issues


def _find_issue(field: FormField, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return "Required" if field.is_required else None
    expected = _EXPECTED[field.type]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        return f"Must be of type {field.type}"
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"Must have at most {_MAX_TEXT} characters"
    if field.options and value not in field.options:
        return f"Must be one of {', '.join(field.options)}"
    return None
