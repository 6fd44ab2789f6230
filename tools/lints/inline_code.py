"""Pages hold no code: no script, no style and no event handler in the HTML.

The content security policy would refuse it; here it is noticed before a browser does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "inline-code"
TAG = re.compile(r"<[a-z][^<>]*?>", re.IGNORECASE | re.DOTALL)
EVENT = re.compile(r"\s(on[a-z]+)\s*=", re.IGNORECASE)
STYLE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
ADDRESS = re.compile(r"[\"'\s=]javascript:", re.IGNORECASE)
TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)


def check(source: Source) -> Iterator[Finding]:
    """Yield each tag of a template that carries code."""
    if not source.is_template:
        return
    # Expressions and comments are blanked, line by line, so that line numbers stay true.
    text = TEMPLATE_CODE.sub(_blank, COMMENT.sub(_blank, source.text))
    for found in TAG.finditer(text):
        tag = found[0]
        line = text.count("\n", 0, found.start()) + 1
        for message in _faults(tag):
            yield from source.finding(line, RULE, message)


def _faults(tag: str) -> Iterator[str]:
    lowered = tag.lower()
    if handler := EVENT.search(tag):
        yield f"event handler {handler[1]}"
    if STYLE.search(tag):
        yield "style attribute"
    if ADDRESS.search(tag):
        yield "javascript: address"
    if lowered.startswith("<script") and " src=" not in lowered and " nonce" not in lowered:
        yield "script without src or nonce"
    if lowered.startswith("<style") and " nonce" not in lowered:
        yield "style without nonce"


def _blank(found: re.Match[str]) -> str:
    """Keep the line breaks; an expression leaves an `x`, since it may be a whole value."""
    breaks = "\n" * found[0].count("\n")
    return f"x{breaks}" if found[0].startswith("{{") else breaks
