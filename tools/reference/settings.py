"""docs/reference/settings.md: every DOORWARD_* variable."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any

from doorward.settings import PREFIX, Settings

FILE = "settings.md"
INTRODUCTION = """\
# Settings

Doorward is configured by environment variables. They are read once, at the start; a `DOORWARD_*`
variable that is not listed here is an error, so that a misspelt one is noticed.

| variable | default | meaning |
|---|---|---|
"""


def render() -> str:
    """Return the page: one row for each field of `Settings`, in the order of its declaration."""
    return INTRODUCTION + "".join(_row(setting) for setting in fields(Settings))


def _row(setting: Field[Any]) -> str:
    about = setting.metadata["about"].replace("|", "\\|").replace("<", "&lt;")
    # The one default that is an object, an empty mapping, comes from a factory.
    default = None if setting.default is MISSING else setting.default
    return f"| `{PREFIX}{setting.name.upper()}` | {_default(default)} | {about} |\n"


def _default(value: Any) -> str:
    if value is MISSING or value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value.value if isinstance(value, StrEnum) else value}`"
