"""Catalogues and the choice of a language."""

import json
import re
from pathlib import Path

import pytest

from doorward.kit.i18n import LANGUAGES, Catalogue, Catalogues, negotiate_language

LOCALES = Path("src/doorward/sign_in/locales")
ENGLISH: dict[str, str] = json.loads((LOCALES / "en.json").read_text(encoding="utf-8"))


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


class TestLocales:
    """Every end-user text in every language."""

    def test_there_are_twenty_languages(self) -> None:
        """Each file has a name to show, each name a file."""
        assert {path.stem for path in LOCALES.glob("*.json")} == set(LANGUAGES)
        assert len(LANGUAGES) == 20

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_keys_are_those_of_english(self, language: str) -> None:
        """None missing, none left over, in the same order."""
        texts = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))

        assert list(texts) == list(ENGLISH)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_placeholders_are_those_of_english(self, language: str) -> None:
        """A text that forgets the application's name, or invents one, is found here."""
        texts = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))

        wrong = [key for key in ENGLISH if placeholders(texts[key]) != placeholders(ENGLISH[key])]

        assert wrong == []

    @pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
    def test_texts_are_translated(self, language: str) -> None:
        """Hardly any text is the same as in English, and none is empty."""
        texts = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))

        same = [key for key in ENGLISH if texts[key] == ENGLISH[key]]

        assert all(text.strip() for text in texts.values())
        assert len(same) <= 4, same


class TestCatalogue:
    def test_placeholders_are_filled(self) -> None:
        """With the values as they are; escaping is the template's."""
        catalogue = Catalogues([("doorward.sign_in", "locales")]).get("en")

        assert catalogue.text("sign_in.lead", application="A & B") == "Sign in to continue to A & B"

    def test_an_unknown_key_is_an_error(self) -> None:
        """Found by rendering the page."""
        with pytest.raises(KeyError):
            Catalogue("en", {}).text("no.such")

    def test_a_tenant_may_reword(self) -> None:
        """Only texts that exist: the catalogue does not grow by a tenant's data."""
        catalogue = Catalogue("en", {"a": "A", "b": "B"}).with_texts({"a": "Ahoy", "z": "Z"})

        assert (catalogue.text("a"), catalogue.text("b"), catalogue.has("z")) == (
            "Ahoy",
            "B",
            False,
        )

    @pytest.mark.parametrize(
        ("language", "direction"), [("ar", "rtl"), ("he", "rtl"), ("de", "ltr")]
    )
    def test_direction(self, language: str, direction: str) -> None:
        """Two languages run from right to left."""
        assert Catalogue(language, {}).direction == direction

    @pytest.mark.parametrize("language", ["../en", "xx", ""])
    def test_only_known_languages_are_read(self, language: str) -> None:
        """The name of a language becomes the name of a file."""
        with pytest.raises(KeyError):
            Catalogues([("doorward.sign_in", "locales")]).get(language)


class TestNegotiateLanguage:
    @pytest.mark.parametrize(
        ("ui_locales", "accept", "language"),
        [
            (None, "de-AT,de;q=0.9,en;q=0.5", "de"),
            ("fr-CA fr en", "de", "fr"),
            (None, "en;q=0.3, ja;q=0.8", "ja"),
            (None, "zh-Hant-HK", "zh-TW"),
            (None, "zh", "zh-CN"),
            (None, "pt-PT", "pt-BR"),
            (None, "eo, tlh", "en"),
            (None, "*", "en"),
            (None, ";;;q=,=", "en"),
            (None, "de;q=0, fr;q=abc, it;q=0.1", "it"),
            ("", "", "en"),
        ],
    )
    def test_lookup(self, ui_locales: str | None, accept: str, language: str) -> None:
        """The first language asked for that exists, by RFC 4647 section 3.4."""
        assert negotiate_language(ui_locales=ui_locales, accept_language=accept) == language

    def test_a_tenant_may_not_detect(self) -> None:
        """Then the browser's wish is not read, but the application's is."""
        assert negotiate_language(accept_language="de", fallback="fr", auto_detect=False) == "fr"
        assert negotiate_language(ui_locales="it", fallback="fr", auto_detect=False) == "it"
