"""No value skips escaping on its way into a page.

`|safe` and `autoescape false` make stored script possible; where one is right, the reason stands
beside it. In Python, ruff's S704 watches `Markup` around anything but a constant.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "markup"
IN_TEMPLATE = re.compile(r"\|\s*safe\b|\bautoescape\s+false\b|\bMarkup\s*\(")


def check(source: Source) -> Iterator[Finding]:
    """Yield what turns escaping off, in templates and in Python."""
    if source.is_template:
        yield from source.search(IN_TEMPLATE, RULE, "{0} skips escaping")
    if not source.is_server_code:
        return
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    for call in calls:
        for keyword in call.keywords:
            is_false = isinstance(keyword.value, ast.Constant) and not keyword.value.value
            if keyword.arg == "autoescape" and is_false:
                yield from source.finding(call.lineno, RULE, "autoescape is turned off")
