"""Checks of what was typed that many forms share. Each returns texts by field name."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from doorward.applications.redirect_uris import find_fault
from doorward.console.console import Console
from doorward.console.forms import Form
from doorward.errors import RequestError
from doorward.management.errors import TEXTS

Errors = dict[str, str]
ListErrors = dict[int, str]

_MAX_URL = 2048


def check_text(
    console: Console, values: Mapping[str, str], *, is_required: bool = True, **lengths: int
) -> Errors:
    """Check that texts are there and not longer than their `lengths`."""
    errors = {}
    for name, length in lengths.items():
        if is_required and not values[name]:
            errors[name] = console.text("error.required")
        elif len(values[name]) > length:
            errors[name] = console.text("error.too_long", max=length)
    return errors


def check_urls(console: Console, values: Mapping[str, str], *names: str) -> Errors:
    """Check that optional addresses are http or https URLs."""
    return {
        name: console.text("error.url")
        for name in names
        if values[name] and not _is_web_address(values[name])
    }


def check_redirect_uris(console: Console, uris: list[str]) -> ListErrors:
    """Check redirect URIs, by index."""
    return {
        index: console.text("error.redirect_uri", fault=fault)
        for index, uri in enumerate(uris)
        if (fault := find_fault(uri)) is not None
    }


def typed_origins(form: Form, name: str) -> list[str]:
    """Return the origins of a field, without the slash that browsers show after a host."""
    return list(dict.fromkeys(origin.removesuffix("/") for origin in form.texts(name)))


def check_origins(console: Console, origins: list[str]) -> ListErrors:
    """Check origins (scheme, host, port), by index."""
    errors = {}
    for index, origin in enumerate(origins):
        parts = urlsplit(origin) if _is_web_address(origin) else None
        if parts is None or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            errors[index] = console.text("error.origin")
    return errors


def _is_web_address(text: str) -> bool:
    if len(text) > _MAX_URL or any(character <= " " for character in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def refusal_text(error: RequestError, language: str = "en") -> str:
    """Return the text of a refusal, the same words that the API answers."""
    texts = TEXTS.get(language)
    return texts.text(error.code, **error.interpolation) if texts.has(error.code) else error.code
