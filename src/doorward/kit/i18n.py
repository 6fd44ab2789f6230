"""Texts by key, in one JSON file for each language, read when a language is first asked for.

    {"sign_in.title": "Sign in", "sign_in.lead": "to continue to {application}"}

A language that lacks a key falls back to English, so that a new text is never an empty place.
Negotiation follows RFC 4647 section 3.4 (lookup): `de-AT` finds `de`, `zh-Hant` finds `zh-TW`.
"""

import functools
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib.resources import files
from typing import Any, Final

import msgspec

LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English",
    "ar": "العربية",
    "cs": "Čeština",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "he": "עברית",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt-BR": "Português (Brasil)",
    "ru": "Русский",
    "sv": "Svenska",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "zh-CN": "简体中文",
    "zh-TW": "繁體中文",
}
FALLBACK: Final = "en"
# RFC 5646 section 4.4.1: those in use have 35 characters at most. Longer ones cost time.
_MAX_TAG: Final = 64

_RIGHT_TO_LEFT: Final = frozenset({"ar", "he", "fa", "ur"})
_ALIASES: Final = {
    "zh-hant": "zh-tw",
    "zh-hk": "zh-tw",
    "zh-mo": "zh-tw",
    "zh": "zh-cn",
    "zh-hans": "zh-cn",
    "pt": "pt-br",
    "iw": "he",
}


class Catalogue(msgspec.Struct, frozen=True):
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, for the `dir` attribute."""
        return "rtl" if self.language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def text(self, key: str, /, **values: object) -> str:
        """The text of a key, its `{placeholders}` filled. Raises KeyError for an unknown key."""
        text = self.texts[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def has(self, key: str) -> bool:
        """Whether there is a text for `key`."""
        return key in self.texts

    def with_texts(self, texts: Mapping[str, str]) -> "Catalogue":
        """The same catalogue with a tenant's own wording; unknown keys are ignored."""
        known = {key: text for key, text in texts.items() if key in self.texts}
        return Catalogue(self.language, {**self.texts, **known}) if known else self


class Catalogues:
    """Catalogues from `<language>.json` files. `folders` names packages and a folder in each."""

    def __init__(self, folders: Iterable[tuple[str, str]]) -> None:
        self._folders = [files(package) / folder for package, folder in folders]
        self._loaded: dict[str, Catalogue] = {}

    def get(self, language: str) -> Catalogue:
        """The catalogue of a language, read at its first use. Raises KeyError for others."""
        found = self._loaded.get(language)
        if found is None:
            LANGUAGES[language]
            texts = self._read(FALLBACK) | (self._read(language) if language != FALLBACK else {})
            found = self._loaded[language] = Catalogue(language, texts)
        return found

    @functools.cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are texts in, English first."""
        return tuple(
            code
            for code in LANGUAGES
            if any((folder / f"{code}.json").is_file() for folder in self._folders)
        )

    def _read(self, language: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        for folder in self._folders:
            path = folder / f"{language}.json"
            if path.is_file():
                texts.update(json.loads(path.read_text(encoding="utf-8")))
        return texts


def negotiate_language(
    *,
    ui_locales: str | None = None,
    accept_language: str | None = None,
    fallback: str = FALLBACK,
    auto_detect: bool = True,
    supported: Collection[str] = tuple(LANGUAGES),
) -> str:
    """The language to answer in.

    `ui_locales` is OpenID Connect's space-separated list and is always heeded; `accept_language`
    (RFC 9110 section 12.5.4) only when the tenant detects languages; else `fallback`.
    """
    asked = (ui_locales or "").split()
    if auto_detect:
        asked += _parse_accept_language(accept_language or "")
    by_name = {tag.lower(): tag for tag in supported}
    for tag in asked:
        if (found := _look_up(tag.lower(), by_name)) is not None:
            return found
    return _look_up(fallback.lower(), by_name) or FALLBACK


def language_menu(
    catalogue: Catalogue, *, languages: Collection[str], url: Callable[[str], str]
) -> list[dict[str, Any]]:
    """What a hosted page shows to change its language; `url` is that page in another one."""
    return [
        {
            "code": code,
            "name": LANGUAGES[code],
            "url": url(code),
            "current": code == catalogue.language,
        }
        for code in languages
    ]


def _look_up(tag: str, by_name: Mapping[str, str]) -> str | None:
    if len(tag) > _MAX_TAG:
        return None
    while tag:
        if (found := by_name.get(tag) or by_name.get(_ALIASES.get(tag, ""))) is not None:
            return found
        tag = tag.rpartition("-")[0]
    return None


def _parse_accept_language(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    # A header may be long; nobody reads thirty languages.
    for part in header.split(",")[:30]:
        tag, _, parameters = part.strip().partition(";")
        weight = _parse_weight(parameters)
        if tag and tag != "*" and weight > 0:
            weighted.append((-weight, tag))
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0])]


def _parse_weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
