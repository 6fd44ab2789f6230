"""Every function of a store that runs a statement takes `tenant_id`, keyword-only, and uses it.

Without it one tenant could read or change another's rows: the tenant is never taken for granted.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "tenant-scope"
RUNNERS = {"one", "all", "value", "execute"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(source: Source) -> Iterator[Finding]:
    """Yield each store function that runs a statement without a tenant."""
    if not (source.is_server_code and source.name == "store.py"):
        return
    for function in _functions(source.tree):
        if not _runs_statement(function):
            continue
        if "tenant_id" not in {argument.arg for argument in function.args.kwonlyargs}:
            message = f"{function.name} runs a statement but has no keyword-only tenant_id"
            yield from source.finding(function.lineno, RULE, message)
        elif not _uses_tenant(function):
            message = f"{function.name} takes tenant_id but does not use it"
            yield from source.finding(function.lineno, RULE, message)


def _functions(tree: ast.Module) -> Iterator[Function]:
    """The functions of the module and of its classes; inner functions belong to their outer one."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from (inner for inner in node.body if isinstance(inner, Function))


def _runs_statement(function: Function) -> bool:
    """Whether a method such as `db.one` is called on one of the function's own parameters."""
    parameters = {argument.arg for argument in (*function.args.posonlyargs, *function.args.args)}
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in RUNNERS
        and dotted(node.func.value).partition(".")[0] in parameters
        for node in ast.walk(function)
    )


def _uses_tenant(function: Function) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "tenant_id" for node in ast.walk(function))
