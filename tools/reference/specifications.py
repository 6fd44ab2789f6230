"""docs/reference/specifications.md: which test proves which section of a specification.

A test proves what it cites, in its docstring, in that of its class or in a comment within it.
`SECTIONS` holds the sections that oblige a server; `list_unproven` names those that no test cites.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[2] / "tests"
FILE = "specifications.md"
INTRODUCTION = """\
# Specifications

The tests that cite a section of a specification. Each section that obliges a server has one.
"""
TITLES = {
    "RFC 6749": "The OAuth 2.0 Authorization Framework",
    "RFC 6750": "Bearer Token Usage",
    "RFC 7009": "Token Revocation",
    "RFC 7523": "JWT Profile for Client Authentication",
    "RFC 7591": "Dynamic Client Registration",
    "RFC 7592": "Dynamic Client Registration Management",
    "RFC 7636": "Proof Key for Code Exchange",
    "RFC 7662": "Token Introspection",
    "RFC 8252": "OAuth 2.0 for Native Apps",
    "RFC 8414": "Authorization Server Metadata",
    "RFC 8628": "Device Authorization Grant",
    "RFC 8693": "Token Exchange",
    "RFC 8705": "Mutual-TLS Client Authentication and Certificate-Bound Access Tokens",
    "RFC 8707": "Resource Indicators",
    "RFC 8725": "JSON Web Token Best Current Practices",
    "RFC 9068": "JWT Profile for Access Tokens",
    "RFC 9101": "JWT-Secured Authorization Request",
    "RFC 9126": "Pushed Authorization Requests",
    "RFC 9207": "Authorization Server Issuer Identification",
    "RFC 9396": "Rich Authorization Requests",
    "RFC 9449": "Demonstrating Proof of Possession",
    "RFC 9470": "Step Up Authentication Challenge",
    "RFC 9700": "Best Current Practice for OAuth 2.0 Security",
    "RFC 9701": "JWT Response for Token Introspection",
    "RFC 9728": "Protected Resource Metadata",
    "OpenID Connect Core": "OpenID Connect Core 1.0",
}
SECTIONS: dict[str, tuple[str, ...]] = {
    "RFC 6749": (
        *("2.3", "2.3.1", "3.1", "3.1.1", "3.1.2", "3.1.2.2", "3.1.2.3", "3.1.2.4", "3.2", "3.2.1"),
        *("3.3", "4.1.1", "4.1.2", "4.1.2.1", "4.1.3", "4.2.2", "4.4", "4.4.2", "4.4.3"),
        *("5.1", "5.2", "6"),
        *("10.1", "10.2", "10.3", "10.4", "10.5", "10.6", "10.10", "10.12", "10.13", "10.14"),
        "10.15",
    ),
    "RFC 6750": ("2", "2.1", "2.2", "3", "3.1", "5.2"),
    "RFC 7009": ("2", "2.1", "2.2", "2.2.1"),
    "RFC 7636": ("4.2", "4.3", "4.4", "4.4.1", "4.6", "7.2"),
    "RFC 7662": ("2.1", "2.2", "2.3", "4"),
    "RFC 8252": ("6", "7.1", "7.2", "7.3", "8.1", "8.4", "8.5", "8.6"),
    "RFC 8414": ("2", "3.1", "3.2", "3.3"),
    "RFC 8628": ("3.1", "3.2", "3.3", "3.3.1", "3.4", "3.5", "4", "5.1", "5.2", "5.4", "6.1"),
    "RFC 8693": ("2.1", "2.2.1", "2.2.2", "4.1", "4.2", "4.3"),
    "RFC 8705": (
        *("2", "2.1", "2.1.1", "2.1.2", "2.2", "2.2.1", "2.2.2", "3", "3.1", "3.2", "3.3", "3.4"),
        *("4", "5", "6.5", "7.1"),
    ),
    "RFC 8707": ("2", "2.2"),
    "RFC 9068": ("2", "2.1", "2.2", "2.2.1", "2.2.3", "3", "4"),
    "RFC 9101": ("4", "5", "5.2", "6", "6.1", "6.2", "6.3", "7", "9", "10.4", "10.5", "10.8"),
    "RFC 9126": ("2", "2.1", "2.2", "2.3", "2.4", "3", "4", "5", "6", "7.3"),
    "RFC 9207": ("2", "2.4"),
    "RFC 9396": ("2", "3.1", "5", "6", "7", "8", "9.1", "9.2", "10"),
    "RFC 9449": ("4.3", "5", "6.1", "6.2", "7.1", "7.2", "8", "8.2", "9", "10", "10.1"),
    "RFC 9470": ("5", "6", "6.2", "7"),
    "RFC 9700": ("2.1", "2.1.1", "2.1.2", "2.2.2", "2.4", "2.6", "4.12", "4.14.2", "4.16"),
    "RFC 9701": ("4", "5", "6", "8.1"),
    "OpenID Connect Core": (
        *("2", "3.1.2.1", "3.1.2.2", "3.1.2.3", "3.1.2.5", "3.1.2.6"),
        *("3.1.3.2", "3.1.3.3", "3.1.3.4", "3.1.3.6", "3.2.2.1", "3.2.2.5", "3.2.2.10"),
        *("3.3.2.5", "3.3.2.11", "3.3.3", "5.3", "5.3.1", "5.3.2", "5.4", "5.5", "5.5.1"),
        *("6.1", "6.2", "8", "8.1", "9", "10.1.1", "10.2", "11", "12", "12.2", "15.1", "15.2"),
    ),
}
"""What obliges an authorization server, or a resource server such as userinfo."""

_PLACE = r"(?:[A-Z]|\d{1,2})(?:\.\d+)*(?!\w)"
_PLACES = rf"{_PLACE}(?:(?:,| and|, and| or| to) {_PLACE})*"
_CITATION = re.compile(rf"({'|'.join(TITLES)}),? (?:sections?|appendix) ({_PLACES})")
_RANGE = re.compile(rf"({_PLACE}) to ({_PLACE})")


class Citation(NamedTuple):
    """A section of a specification, and the test that cites it."""

    specification: str
    section: str
    path: str
    test: str


def render() -> str:
    """Return the page: one table for each specification."""
    citations = sorted(set(list_citations()), key=_order)
    by_specification = groupby(citations, lambda citation: citation.specification)
    return INTRODUCTION + "".join(_table(name, list(own)) for name, own in by_specification)


def list_unproven() -> list[str]:
    """Return the sections that oblige a server and that no test cites."""
    proven = {(citation.specification, citation.section) for citation in list_citations()}
    return [
        f"{specification} section {section}"
        for specification, sections in SECTIONS.items()
        for section in sections
        if (specification, section) not in proven
    ]


def list_citations(folder: Path = TESTS) -> Iterator[Citation]:
    """Return what the tests of a folder cite."""
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder).as_posix()
        source = path.read_text()
        for test, text in _tests(ast.parse(source), source.splitlines()):
            for specification, section in find_sections(text):
                yield Citation(specification, section, name, test)


def find_sections(text: str) -> list[tuple[str, str]]:
    """Return the sections that a text cites, each with its specification."""
    flat = re.sub(r"\s+(?:# )?", " ", text)
    return [
        (specification, section)
        for specification, places in _CITATION.findall(flat)
        for section in re.findall(_PLACE, _RANGE.sub(_spelt_out, places))
    ]


def _spelt_out(found: re.Match[str]) -> str:
    parent, _, first = found[1].rpartition(".")
    last = found[2].rpartition(".")[2]
    return ", ".join(
        f"{parent}.{number}".lstrip(".") for number in range(int(first), int(last) + 1)
    )


def _tests(module: ast.Module, lines: list[str]) -> Iterator[tuple[str, str]]:
    """Return each test, and each class of them, with the text that speaks for it."""
    for node in module.body:
        members, prefix = [node], ""
        if isinstance(node, ast.ClassDef):
            yield node.name, ast.get_docstring(node) or ""
            members, prefix = node.body, f"{node.name}."
        for test in members:
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(test):
                yield prefix + test.name, _words(test, lines)


def _is_test(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return function.name.startswith("test_")


def _words(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> str:
    body = [line.strip() for line in lines[function.lineno - 1 : function.end_lineno]]
    comments = [line for line in body if line.startswith("#")]
    return "\n".join([ast.get_docstring(function) or "", *comments])


def _order(citation: Citation) -> tuple[object, ...]:
    parts = [part.rjust(2) for part in citation.section.split(".")]
    return list(TITLES).index(citation.specification), parts, citation.path, citation.test


def _table(specification: str, citations: list[Citation]) -> str:
    rows = [
        f"| {citation.section} | `{citation.test}` | `{citation.path}` |\n"
        for citation in citations
    ]
    head = f"\n## {specification}: {TITLES[specification]}\n\n"
    return f"{head}| section | test | file |\n|---|---|---|\n{''.join(rows)}"
