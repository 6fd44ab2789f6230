"""Templates, texts, icons and modules fit together: what a page names exists."""

import json
import re
from pathlib import Path

import pytest

SOURCE = Path("src/doorward")
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
MODULES = sorted(SOURCE.glob("*/static/*.js"))
SPRITE = (SOURCE / "kit/static/icons.svg").read_text(encoding="utf-8")
HOSTED = {"kit", "sign_in", "oidc"}

COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
TEXT = re.compile(r"\bt\(\s*\"([a-z_.]+)\"\s*[,)]")
ICON = re.compile(r"(?:\b(?:icon|glyph)\(|\bicon_name=|icon_button\(|\bempty\()\s*\"([a-z-]+)\"")
STATIC = re.compile(r"\b(?:static|script|style_sheet)\(((?:\"[\w./-]+\"(?:, )?)+)\)")


def texts(*surfaces: str) -> set[str]:
    keys: set[str] = set()
    for surface in surfaces:
        keys |= set(json.loads((SOURCE / surface / "locales/en.json").read_text(encoding="utf-8")))
    return keys


def code_of(template: Path) -> str:
    return COMMENT.sub("", template.read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
class TestTemplate:
    def test_every_text_exists(self, template: Path) -> None:
        """Hosted pages speak from the end users' catalogue, the console from both."""
        surface = template.relative_to(SOURCE).parts[0]
        known = texts("sign_in") if surface in {"sign_in", "oidc"} else texts("sign_in", "console")

        assert set(TEXT.findall(code_of(template))) <= known

    def test_every_icon_exists(self, template: Path) -> None:
        """The sprite holds each icon that is named."""
        drawn = set(re.findall(r'<symbol id="([a-z-]+)"', SPRITE))

        assert set(ICON.findall(code_of(template))) <= drawn

    def test_every_static_file_exists(self, template: Path) -> None:
        """Style sheets that are bundled at start apart."""
        called = " ".join(STATIC.findall(code_of(template)))
        names = set(re.findall(r"[\w./-]+", called)) - {"console-page.css"}

        found = {path.name for path in SOURCE.glob("*/static/**/*") if path.is_file()}

        assert {Path(name).name for name in names} <= found

    def test_every_post_form_has_a_token(self, template: Path) -> None:
        """A form without one is refused by the server; it is noticed here first."""
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", code_of(template), re.DOTALL)
        # The form of the form_post response mode is the client's; signing out hides its own token.
        own = [form for form in forms if "data-submit" not in form]

        assert all("csrf()" in form or "hidden.items()" in form for form in own)


class TestModules:
    def test_modules_are_small(self) -> None:
        """A module does one thing, and is read at a glance."""
        lengths = {module.name: len(module.read_text().splitlines()) for module in MODULES}

        assert lengths
        assert max(lengths.values()) <= 70, lengths

    def test_modules_load_nothing(self) -> None:
        """No imports, no evaluation: what a page runs is what its script elements name."""
        forbidden = re.compile(
            r"\bimport\b|\beval\(|\binnerHTML\b|\bnew Function\b|document\.write"
        )

        assert [m.name for m in MODULES if forbidden.search(m.read_text())] == []
