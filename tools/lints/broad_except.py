"""No `except Exception` below the edge: an error that nobody expected is shown, not swallowed.

A handler that ends by raising again is fine: it cleans up and hides nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "broad-except"
BROAD = {"Exception", "BaseException"}


def check(source: Source) -> Iterator[Finding]:
    """Yield each handler, or `suppress`, that would swallow any error."""
    if not source.is_server_code:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises(node):
            yield from source.finding(node.lineno, RULE, "swallows errors that nobody expected")
        elif isinstance(node, ast.Call) and _suppresses_all(node):
            yield from source.finding(node.lineno, RULE, "suppresses any error")


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_is_broad(one) for one in caught.elts)
    return caught is None or dotted(caught) in BROAD


def _suppresses_all(call: ast.Call) -> bool:
    is_suppress = dotted(call.func).rpartition(".")[2] == "suppress"
    return is_suppress and any(_is_broad(argument) for argument in call.args)


def _raises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and (last.exc is None or last.cause is not None)
