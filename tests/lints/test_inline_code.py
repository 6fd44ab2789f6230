"""Pages hold no code."""

import pytest

from tests.lints.conftest import Found
from tools.lints import inline_code

PAGE = "src/doorward/sign_in/templates/password.html"


class TestInlineCode:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("<button onclick='go()'>", "event handler onclick"),
            ("<body\n  onload = go()>", "event handler onload"),
            ("<p style='color: x'>", "style attribute"),
            ("<a href='javascript:go()'>", "javascript: address"),
            ("<script>go()</script>", "script without src or nonce"),
            ("<style>p {}</style>", "style without nonce"),
            ("<p {% if a %}onclick='go()'{% endif %}>", "event handler onclick"),
        ],
    )
    def test_finds_code(self, found: Found, text: str, message: str) -> None:
        assert found(inline_code, PAGE, text) == [(1, message)]

    @pytest.mark.parametrize(
        "text",
        [
            "<script type=module src='{{ static('a.js') }}'></script>",
            "<script type=speculationrules nonce='{{ nonce }}'>{}</script>",
            "<style nonce='{{ nonce }}'>:root {}</style>",
            "<p data-once='1'>on = off</p>",
            "{# <p onclick='go()'> #}",
            "<!-- <p style='x'> -->",
            "{{ icon('a', style='large') }}",
            "<p class='{{ 'a' if n > 1 else 'b' }}'>",
        ],
    )
    def test_allows_what_the_policy_allows(self, found: Found, text: str) -> None:
        assert found(inline_code, PAGE, text) == []

    def test_counts_lines_past_comments_and_expressions(self, found: Found) -> None:
        text = "{#\n two lines #}\n{{ call(\n 1) }}\n<p style='x'>"

        assert found(inline_code, PAGE, text) == [(5, "style attribute")]
