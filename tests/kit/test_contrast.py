"""Colours by rule: text on any brand colour reads at 4.5:1."""

import re
from pathlib import Path

import pytest

from doorward.kit.contrast import contrast, legible_on, parse_colour, readable_on

STATIC = Path("src/doorward/kit/static")


class TestContrast:
    def test_black_on_white_is_21(self) -> None:
        """The widest contrast there is."""
        assert round(contrast("#000", "#ffffff"), 2) == 21.0

    def test_order_does_not_matter(self) -> None:
        """A ratio belongs to a pair."""
        assert contrast("#0b6e5b", "#fff") == contrast("#fff", "#0b6e5b")

    @pytest.mark.parametrize("text", ["red", "#12345", "#0b6e5b;}", "0b6e5b", "#0b6e5b\n", ""])
    def test_only_hexadecimal_colours_are_taken(self, text: str) -> None:
        """A colour ends up in a style element, so nothing else may pass."""
        with pytest.raises(ValueError, match="not a colour"):
            parse_colour(text)


class TestReadableOn:
    @pytest.mark.parametrize(
        ("background", "text"),
        [
            ("#0b6e5b", "#ffffff"),
            ("#3fc7a6", "#0d1512"),
            ("#ffd400", "#0d1512"),
            ("#000", "#ffffff"),
        ],
    )
    def test_text_is_white_or_ink(self, background: str, text: str) -> None:
        """White while it reads, ink on light colours."""
        assert readable_on(background) == text

    def test_every_colour_gets_text_that_reads(self) -> None:
        """No brand colour leads to an unreadable button."""
        steps = range(0, 256, 15)
        colours = [f"#{r:02x}{g:02x}{b:02x}" for r in steps for g in steps for b in steps]

        worst = min(contrast(readable_on(colour), colour) for colour in colours)

        assert worst >= 4.5


class TestLegibleOn:
    def test_a_readable_colour_is_kept(self) -> None:
        """The brand stays itself where it can."""
        assert legible_on("#ffffff", "#0b6e5b") == "#0b6e5b"

    @pytest.mark.parametrize("background", ["#ffffff", "#141b18"])
    @pytest.mark.parametrize("colour", ["#ffd400", "#ffffff", "#000000", "#777777", "#1e3a8a"])
    def test_any_colour_becomes_legible(self, background: str, colour: str) -> None:
        """A yellow brand still makes links that can be read."""
        assert contrast(legible_on(background, colour), background) >= 4.5


class TestTokens:
    """The token file and the style sheets that use it."""

    def tokens(self, *, dark: bool) -> dict[str, str]:
        text = (STATIC / "tokens.css").read_text()
        pairs = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", text)
        return {name: values[dark] for name, *values in pairs}

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize(
        ("text", "background"),
        [
            ("ink", "page"), ("ink", "surface"), ("ink", "sunken"),
            ("ink-2", "page"), ("ink-2", "surface"), ("ink-2", "sunken"), ("ink-2", "brand-soft"),
            ("ink-3", "page"), ("ink-3", "surface"),
            ("on-brand", "brand"), ("brand", "surface"), ("brand", "page"), ("brand", "brand-soft"),
            ("ember", "surface"), ("ember", "ember-soft"),
            ("danger", "surface"), ("danger", "page"), ("danger", "danger-soft"),
            ("on-danger", "danger"),
        ],
    )  # fmt: skip
    def test_text_meets_4_5(self, text: str, background: str, dark: bool) -> None:
        """WCAG 2.2 success criterion 1.4.3 for each pair that pages use."""
        tokens = self.tokens(dark=dark)

        assert contrast(tokens[text], tokens[background]) >= 4.5

    @pytest.mark.parametrize("dark", [False, True])
    def test_borders_of_controls_meet_3(self, dark: bool) -> None:
        """WCAG 2.2 success criterion 1.4.11."""
        tokens = self.tokens(dark=dark)

        assert contrast(tokens["line-control"], tokens["surface"]) >= 3
        assert contrast(tokens["line-control"], tokens["page"]) >= 3

    def test_no_colour_outside_the_tokens(self) -> None:
        """Every other style sheet names colours by token alone."""
        sheets = [*Path("src/doorward").glob("*/static/*.css")]
        colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|oklab)a?\(")

        found = {s.name: colour.findall(s.read_text()) for s in sheets if s.name != "tokens.css"}

        assert found
        assert all(colours == [] for colours in found.values()), found
