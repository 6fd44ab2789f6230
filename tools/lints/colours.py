"""Colours stand in `tokens.css` and nowhere else, so that light, dark and brand stay one choice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "colours"
NAMES = "white|black|red|green|blue|gray|grey|silver|orange|yellow|purple|navy|teal|gold"
LITERAL = (
    r"#[0-9a-f]{3,8}\b"
    r"|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\("
    rf"|(?<![-\w])(?:{NAMES})(?![-\w])"
)
DECLARATION = re.compile(r"[-\w]+\s*:\s*(?P<value>[^;{}]*)(?=[;}])")
COLOUR = re.compile(LITERAL, re.IGNORECASE)
ATTRIBUTE = re.compile(
    rf"\b(?:fill|stroke|color|stop-color|bgcolor)=[\"'](?:{LITERAL})", re.IGNORECASE
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r"url\([^)]*\)|\"[^\"]*\"|'[^']*'")


def check(source: Source) -> Iterator[Finding]:
    """Yield each colour written out in a style sheet or in a template's attribute."""
    if source.is_template:
        yield from source.search(ATTRIBUTE, RULE, "{0}: use a token")
    if source.suffix != ".css" or source.name == "tokens.css":
        return
    text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), source.text)
    for found in DECLARATION.finditer(text):
        if colour := COLOUR.search(TEXT.sub("", found["value"])):
            line = text.count("\n", 0, found.start()) + 1
            yield from source.finding(line, RULE, f"{colour[0]}: use a token of tokens.css")
