"""Pages: templates, icons, a tenant's brand."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from doorward.kit.html import Brand, Pages, brand_style, initial, make_nonce, moment, style_text
from doorward.kit.i18n import Catalogue, Catalogues
from doorward.kit.static_files import StaticFiles

BRAND = Brand(name="Book & <Store>", style=brand_style(primary="#0b6e5b"))


@pytest.fixture(scope="module")
def pages() -> Pages:
    static = StaticFiles([("doorward.kit", "static")])
    return Pages({"kit": "doorward.kit"}, static=static)


@pytest.fixture(scope="module")
def english() -> Catalogue:
    return Catalogues([("doorward.sign_in", "locales")]).get("en")


def message(pages: Pages, catalogue: Catalogue, **context: object) -> str:
    values = {
        "title": "T",
        "message": "M",
        "actions": [],
        "brand": BRAND,
        "languages": [],
    } | context
    return pages.render("kit/message.html", catalogue=catalogue, nonce="n0nce", **values)


class TestRender:
    def test_values_are_escaped(self, pages: Pages, english: Catalogue) -> None:
        """A name or a message never becomes markup."""
        html = message(pages, english, message="<script>alert(1)</script>")

        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert "Book &amp; &lt;Store&gt;" in html

    def test_a_missing_name_is_an_error(self, pages: Pages, english: Catalogue) -> None:
        """A page with a hole is not sent."""
        with pytest.raises(UndefinedError):
            pages.render("kit/message.html", catalogue=english, nonce="n", brand=BRAND)

    def test_styles_carry_the_nonce(self, pages: Pages, english: Catalogue) -> None:
        """The policy admits inline style by nonce alone."""
        html = message(pages, english)

        assert '<style nonce="n0nce">:root{color-scheme:light dark;' in html
        assert ":root{--brand:light-dark(#0b6e5b,#0b6e5b)" in html
        assert html.count("<style") == html.count('<style nonce="n0nce">')
        assert "style=" not in html

    def test_a_style_sheet_is_carried_along(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without its comments and without blanks that mean nothing; those in selectors stay."""
        folder = tmp_path / "sheet"
        (folder / "static").mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "static" / "page.css").write_text(
            "/* A comment; { } */\n"
            ".menu :hover, .menu > a { color: red; font: 700 1rem sans }\n"
            "@media (max-width: 30rem) {\n  a { margin: calc(1px + 2px) }\n}\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        pages = Pages({}, static=StaticFiles([("sheet", "static")]))

        assert pages.style_sheet("page.css") == (
            ".menu :hover,.menu > a{color:red;font:700 1rem sans}"
            "@media (max-width: 30rem){a{margin:calc(1px + 2px)}}"
        )
        with pytest.raises(KeyError):
            pages.style_sheet("none.css")

    def test_modules_are_carried_along(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Several in one element, without comment lines and indentation."""
        folder = tmp_path / "modules"
        (folder / "static").mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "static" / "one.js").write_text("// What it does.\nif (a) {\n  b('//');\n}\n")
        (folder / "static" / "two.js").write_text("c();\n  // And so on.\n\nd();\n")
        monkeypatch.syspath_prepend(tmp_path)
        pages = Pages({}, static=StaticFiles([("modules", "static")]))

        assert pages.script("one.js", "two.js") == "if (a) {\nb('//');\n}\nc();\nd();\n"
        with pytest.raises(KeyError):
            pages.script("none.js")

    def test_language_and_direction(self, pages: Pages) -> None:
        """The page says which language it speaks and which way it runs."""
        arabic = Catalogues([("doorward.sign_in", "locales")]).get("ar")

        assert '<html lang="ar" dir="rtl">' in message(pages, arabic)


class TestIcons:
    def test_an_icon_refers_to_the_sprite(self, pages: Pages) -> None:
        """Decorative, so hidden from assistive technology."""
        svg = pages.icon("copy", "small")

        assert svg.startswith('<svg class="icon small" aria-hidden="true"><use href="/static/')
        assert svg.endswith('/icons.svg#copy"/></svg>')

    def test_a_glyph_is_drawn_inline(self, pages: Pages) -> None:
        """No request for a page that is to load at once."""
        assert "<path" in pages.glyph("eye")

    def test_an_unknown_icon_is_an_error(self, pages: Pages) -> None:
        """An empty square is found by rendering the page."""
        with pytest.raises(KeyError):
            pages.icon("unicorn")


class TestBrandStyle:
    def test_text_on_the_brand_is_chosen(self) -> None:
        """Ink on yellow, and a darker yellow for links on white."""
        style = brand_style(primary="#ffd400", dark_primary="#1e3a8a")

        assert "--brand:light-dark(#ffd400,#1e3a8a)" in style
        assert "--on-brand:light-dark(#0d1512,#ffffff)" in style
        assert "--brand-text:light-dark(#8c7500," in style

    def test_without_dark_mode_the_page_stays_light(self) -> None:
        """`isDarkModeEnabled: false`."""
        assert "color-scheme:light}" in brand_style(primary="#000", dark_mode=False)

    @pytest.mark.parametrize("colour", ["red}body{display:none", "#12", "</style>"])
    def test_nothing_but_a_colour_is_taken(self, colour: str) -> None:
        """The value stands in a style element."""
        with pytest.raises(ValueError, match="not a colour"):
            brand_style(primary=colour)


class TestStyleText:
    @pytest.mark.parametrize("css", ["</style><script>x</script>", "a{}</STYLE >", "<!-- -->"])
    def test_custom_css_cannot_leave_its_element(self, css: str) -> None:
        """HTML ends a style element at `</style`, whatever CSS says."""
        assert "</" not in style_text(css)
        assert "<!--" not in style_text(css)

    def test_plain_css_is_kept(self) -> None:
        """Selectors and strings stay as they were written."""
        css = 'a > b::before { content: "&" }'

        assert style_text(css) == Markup(css)


class TestSmallThings:
    def test_a_moment_is_utc_to_the_minute(self) -> None:
        """Readable by people, exact for machines."""
        html = moment(datetime(2026, 11, 3, 9, 6, 1, tzinfo=UTC))

        assert html == '<time datetime="2026-11-03T09:06:01+00:00">3 Nov 2026, 09:06 UTC</time>'
        assert moment(None) == "&ndash;"

    @pytest.mark.parametrize(
        ("name", "letter"), [("ada", "A"), ("(x)", "X"), ("", "?"), ("東京", "東")]
    )
    def test_initial(self, name: str, letter: str) -> None:
        """What stands in a tile without a picture."""
        assert initial(name) == letter

    def test_nonces_differ(self) -> None:
        """One for each answer."""
        assert make_nonce() != make_nonce()
