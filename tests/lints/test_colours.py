"""Colours stand in one file."""

import pytest

from tests.lints.conftest import Found
from tools.lints import colours

CSS = "src/doorward/console/static/console.css"


class TestColours:
    @pytest.mark.parametrize(
        "text",
        [
            "p { color: #fff; }",
            "p { border: 1px solid #0B6E5B }",
            "p { background: rgb(0 0 0 / 50%); }",
            "p { color: oklch(50% 0.1 160); }",
            "p { color: white; }",
            "p{margin:0;color:red}",
        ],
    )
    def test_finds_a_colour(self, found: Found, text: str) -> None:
        assert [line for line, _ in found(colours, CSS, f"/* #abc\n */\n{text}")] == [3]

    @pytest.mark.parametrize(
        "text",
        [
            "#add a:hover { color: var(--ink); }",
            "a:hover #fab { color: currentColor; background: transparent; }",
            "p { background: url(#fade) color-mix(in oklab, var(--ink) 10%, var(--page)); }",
            "p { white-space: nowrap; grid-area: red-box; }",
            "p::after { content: '#1'; }",
        ],
    )
    def test_leaves_the_rest_alone(self, found: Found, text: str) -> None:
        assert found(colours, CSS, text) == []

    def test_allows_tokens(self, found: Found) -> None:
        assert found(colours, "src/doorward/kit/static/tokens.css", "p { color: #fff; }") == []

    def test_finds_colours_of_drawings_in_templates(self, found: Found) -> None:
        page = "src/doorward/console/templates/chart.html"

        assert len(found(colours, page, '<path fill="#0b6e5b"/>')) == 1
        assert found(colours, page, '<a href="#add"><path fill="none"/></a>') == []
