"""HTML pages: Jinja templates of all surfaces, static addresses, icons and a tenant's brand.

    pages = Pages({"kit": "doorward.kit", "sign_in": "doorward.sign_in"}, static=static)
    html = pages.render("sign_in/sign_in.html", catalogue=catalogue, nonce=nonce, **context)

A template is named `<surface>/<file>` and lies in that package's `templates` folder. Every template
gets `t` (texts), `lang`, `dir`, `nonce`, `static` (address of a static file), `icon` (from the
sprite) and, for pages that should cost fewer requests, `glyph` (the same, inline), `style_sheet`
and `script` (the text of some, for a `<style nonce>` and a `<script nonce>`). A name that is
missing from the context is an error, not an empty string.
"""

import functools
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from doorward.kit.contrast import legible_on, parse_colour, readable_on
from doorward.kit.i18n import Catalogue
from doorward.kit.static_files import StaticFiles

LIGHT_SURFACE: Final = "#ffffff"
DARK_SURFACE: Final = "#141b18"

_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
# Blanks around these mean nothing anywhere in a style sheet; around a colon they may, in selectors,
# but not after the name of a property.
_AROUND: Final = re.compile(r"\s*([{};,])\s*")
_PROPERTY: Final = re.compile(r"([{;][\w-]+): ")
_JS_COMMENT: Final = re.compile(r"^\s*//.*\n|^\s+", re.MULTILINE)
_SYMBOL: Final = re.compile(r'<symbol id="([a-z-]+)"[^>]*>(.*?)</symbol>')


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant or an application looks on hosted pages.

    `style` comes from `brand_style`, `custom_css` from `style_text`. A logo is taken for a word
    mark. `is_product` pages belong to Doorward itself: its mark, with the name beside it.
    """

    name: str
    style: Markup
    is_product: bool = False
    logo_url: str | None = None
    dark_logo_url: str | None = None
    favicon_url: str | None = None
    custom_css: Markup | None = None
    terms_url: str | None = None
    privacy_url: str | None = None


class Pages:
    """Renders templates. `surfaces` maps the prefix of a template's name to its package."""

    def __init__(self, surfaces: Mapping[str, str], *, static: StaticFiles) -> None:
        self._environment = Environment(
            loader=PrefixLoader(
                {prefix: PackageLoader(package) for prefix, package in surfaces.items()}
            ),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        sprite = static.find_file("icons.svg")
        self._symbols = dict(_SYMBOL.findall(sprite.body.decode())) if sprite else {}
        self._sprite_url = static.url("icons.svg") if sprite else ""
        self._static = static
        self._environment.globals.update(
            static=static.url,
            icon=self.icon,
            glyph=self.glyph,
            style_sheet=functools.cache(self.style_sheet),
            script=functools.cache(self.script),
        )
        self._environment.filters.update(moment=moment, initial=initial)

    def render(self, template: str, /, *, catalogue: Catalogue, nonce: str, **context: Any) -> str:
        """The HTML of a template. Raises jinja2.UndefinedError when the context lacks a name."""
        return self._environment.get_template(template).render(
            t=catalogue.text,
            lang=catalogue.language,
            dir=catalogue.direction,
            nonce=nonce,
            **context,
        )

    def icon(self, name: str, style: str = "") -> Markup:
        """A decorative icon that refers to the sprite. Raises KeyError for an unknown name."""
        self._symbols[name]
        return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            f" {style}" if style else "", self._sprite_url, name
        )

    def glyph(self, name: str, style: str = "") -> Markup:
        """The same icon drawn inline."""
        # The shapes are our own file; only the class is a value.
        shapes = Markup(self._symbols[name])  # noqa: S704
        return Markup('<svg class="icon{}" viewBox="0 0 20 20" aria-hidden="true">{}</svg>').format(
            f" {style}" if style else "", shapes
        )

    def style_sheet(self, *names: str) -> Markup:
        """The text of style sheets, without comments and most blanks. Raises KeyError."""
        text = _AROUND.sub(r"\1", _CSS_COMMENT.sub("", self._text(names)))
        return Markup(_PROPERTY.sub(r"\1:", text))  # noqa: S704 (our own file)

    def script(self, *names: str) -> Markup:
        """The text of modules, without the lines that are comments. Raises KeyError."""
        return Markup(_JS_COMMENT.sub("", self._text(names)))  # noqa: S704 (our own file)

    def _text(self, names: Iterable[str]) -> str:
        return "".join(self._static.get_file(name).body.decode() for name in names)


def make_nonce() -> str:
    """A value for `nonce=` and the Content Security Policy: 128 random bits, for one answer."""
    return secrets.token_urlsafe(16)


def brand_style(*, primary: str, dark_primary: str | None = None, dark_mode: bool = True) -> Markup:
    """A tenant's colour as custom properties; text on it is chosen by contrast.

    Raises ValueError when a colour is not `#rgb` or `#rrggbb`.
    """
    parse_colour(primary)
    dark = dark_primary or primary
    pairs = {
        "--brand": (primary, dark),
        "--on-brand": (readable_on(primary), readable_on(dark)),
        "--brand-text": (legible_on(LIGHT_SURFACE, primary), legible_on(DARK_SURFACE, dark)),
    }
    rules = [f"{name}:light-dark({light},{shade})" for name, (light, shade) in pairs.items()]
    rules.append("--brand-soft:color-mix(in oklab,var(--brand) 13%,var(--surface))")
    if not dark_mode:
        rules.append("color-scheme:light")
    return Markup(":root{{{}}}").format(Markup(";".join(rules)))  # noqa: S704 (colours were parsed)


def style_text(css: str) -> Markup:
    """An administrator's CSS for a `<style nonce>`: it cannot close the element it stands in."""
    # HTML ends a style element at `</style` whatever CSS says; CSS reads `<\\/` in strings as `</`.
    return Markup(css.replace("</", "<\\/").replace("<!--", "<\\!--"))  # noqa: S704


def moment(value: datetime | None) -> Markup:
    """An instant as `<time>`, in UTC to the minute; a dash for None."""
    if value is None:
        return Markup("&ndash;")
    instant = value.astimezone(UTC)
    text = f"{instant.day} {instant:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(
        instant.isoformat(timespec="seconds"), text
    )


def initial(name: str) -> str:
    """The first letter or digit of a name as a capital, for a tile without a picture."""
    return next((character.upper() for character in name if character.isalnum()), "?")
