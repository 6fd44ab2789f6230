"""Colours by rule: which text is readable on a colour, and which shade of it is readable as text.

Contrast is WCAG 2.2's ratio of relative luminances (success criteria 1.4.3 and 1.4.11).
"""

import re
from typing import Final

WHITE: Final = "#ffffff"
INK: Final = "#0d1512"
BLACK: Final = "#000000"
TEXT_CONTRAST: Final = 4.5

_HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")


def parse_colour(text: str) -> tuple[int, int, int]:
    """`#rgb` or `#rrggbb` as three numbers from 0 to 255. Raises ValueError for anything else."""
    if not _HEX.match(text):
        raise ValueError(f"not a colour: {text!r}")
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(background: str) -> str:
    """The first of white, ink and black that meets 4.5:1 on `background`: one always does."""
    choices = (WHITE, INK, BLACK)
    return next(text for text in choices if contrast(text, background) >= TEXT_CONTRAST)


def legible_on(background: str, colour: str) -> str:
    """`colour`, mixed towards black or white just as far as it takes to meet 4.5:1 as text."""
    towards = (0, 0, 0) if _luminance(background) > 0.18 else (255, 255, 255)
    start = parse_colour(colour)
    for step in range(21):
        share = step / 20
        mixed = [round(a + (b - a) * share) for a, b in zip(start, towards, strict=True)]
        candidate = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(candidate, background) >= TEXT_CONTRAST:
            return candidate
    return readable_on(background)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in parse_colour(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
