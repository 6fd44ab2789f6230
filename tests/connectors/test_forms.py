"""A configuration held against its form."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.connectors.forms import list_issues
from doorward.connectors.protocol import FieldType, FormField

FORM = (
    FormField(key="id", label="Id", is_required=True),
    FormField(key="port", label="Port", type=FieldType.NUMBER),
    FormField(key="tls", label="TLS", type=FieldType.SWITCH),
    FormField(key="kind", label="Kind", type=FieldType.SELECT, options=("a", "b")),
)


@pytest.mark.parametrize(
    ("config", "issues"),
    [
        ({"id": "x"}, {}),
        ({"id": "x", "port": 25, "tls": True, "kind": "b", "more": 1}, {}),
        ({}, {"id": "Required"}),
        ({"id": "  "}, {"id": "Required"}),
        ({"id": 7}, {"id": "Must be of type Text"}),
        ({"id": ["x"]}, {"id": "Must be of type Text"}),
        ({"id": "x", "port": "25"}, {"port": "Must be of type Number"}),
        ({"id": "x", "port": True}, {"port": "Must be of type Number"}),
        ({"id": "x", "tls": 1}, {"tls": "Must be of type Switch"}),
        ({"id": "x", "kind": "c"}, {"kind": "Must be one of a, b"}),
        ({"id": "x" * 20_000}, {"id": "Must have at most 16384 characters"}),
    ],
)
def test_issues(config: dict[str, Any], issues: dict[str, str]) -> None:
    """Each field is checked for presence, type and choice; unknown keys are kept."""
    assert list_issues(FORM, config) == issues
