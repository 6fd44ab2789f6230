"""No secret reaches a log line.

A log call takes a constant text and named values; it formats nothing itself, and none of its
values is named like a secret or revealed from one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "secret-logs"
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGER = re.compile(r"(^|[._])(log|logger|logging)$", re.IGNORECASE)
SECRET = re.compile(
    r"(^|_)(secret|password|passcode|token|verifier|cookie|credential|authorization|private_key)s?$"
)


def check(source: Source) -> Iterator[Finding]:
    """Yield each log call that formats its text or names a secret."""
    if not source.is_server_code:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _is_log_call(node):
            for message in _faults(node):
                yield from source.finding(node.lineno, RULE, message)


def _is_log_call(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in METHODS
        and bool(LOGGER.search(dotted(call.func.value)))
    )


def _faults(call: ast.Call) -> Iterator[str]:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    for node in (inner for value in values for inner in ast.walk(value)):
        if isinstance(node, ast.JoinedStr):
            yield "formats its text; pass named values"
        elif isinstance(node, ast.Call) and dotted(node.func).endswith(".reveal"):
            yield f"logs what {dotted(node.func)} reveals"
        elif isinstance(node, ast.Name | ast.Attribute):
            name = dotted(node).rpartition(".")[2]
            if SECRET.search(name.lower()):
                yield f"logs {dotted(node)}"
