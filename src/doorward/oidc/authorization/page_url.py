"""OpenID Connect Core section 3.1.2.1: which page receives the person, from the request's hints.

    /{route}?app_id=&ui_locales=&login_hint=&identifier=&fallback=

The hints beyond OpenID Connect (first_screen, interaction_mode, direct_sign_in, identifier) are
those that existing SDKs send. If one of them is malformed all are left out: better the ordinary
sign-in page than a wrong one.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

SIGN_IN = "sign-in"
REGISTER = "register"
FIRST_SCREENS = {
    "sign_in": SIGN_IN,
    "signIn": SIGN_IN,
    "register": REGISTER,
    "reset_password": "reset-password",
    "identifier:sign_in": "identifier-sign-in",
    "identifier:register": "identifier-register",
    "single_sign_on": "single-sign-on",
}
INTERACTION_MODES = {"signIn": SIGN_IN, "signUp": REGISTER}
DIRECT_METHODS = frozenset({"social", "sso"})
IDENTIFIERS = frozenset({"username", "email", "phone"})

HINTS = (
    "ui_locales",
    "login_hint",
    "first_screen",
    "interaction_mode",
    "direct_sign_in",
    "identifier",
)
"""The parameters that choose the page."""

_DIRECT_TARGET = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_MAX_HINT = 512


def page_url(params: dict[str, Any]) -> str:
    """Return path and query of the page where a person signs in for a stored request."""
    hints = params if _are_hints_valid(params) else {}

    # 1. The first screen; the older interaction_mode counts where first_screen is absent.
    screen = FIRST_SCREENS.get(hints.get("first_screen", ""))
    # Initiating User Registration section 4.1: what is asked for in so many words comes first.
    if "create" in params.get("prompt", "").split():
        screen = REGISTER
    route = screen or INTERACTION_MODES.get(hints.get("interaction_mode", ""), SIGN_IN)

    # 2. Straight to a provider, with the first screen as the way out.
    query = {
        "app_id": params["client_id"],
        "ui_locales": params.get("ui_locales"),
        "login_hint": params.get("login_hint"),
        "identifier": hints.get("identifier"),
    }
    if direct := hints.get("direct_sign_in"):
        query["fallback"] = route
        route = f"direct/{direct.replace(':', '/', 1)}"
    kept = {name: value for name, value in query.items() if value and len(value) <= _MAX_HINT}
    return f"/{route}?{urlencode(kept, quote_via=quote)}"


def consent_url(params: dict[str, Any]) -> str:
    """Return path and query of the page that asks for consent."""
    return _signed_in_url("consent", params)


def select_account_url(params: dict[str, Any]) -> str:
    """Return path and query of the page that asks who goes on."""
    return _signed_in_url("select-account", params)


def _signed_in_url(route: str, params: dict[str, Any]) -> str:
    query = {"app_id": params["client_id"], "ui_locales": params.get("ui_locales")}
    kept = {name: value for name, value in query.items() if value and len(value) <= _MAX_HINT}
    return f"/{route}?{urlencode(kept, quote_via=quote)}"


def _are_hints_valid(params: dict[str, Any]) -> bool:
    method, _, target = params.get("direct_sign_in", "").partition(":")
    return (
        params.get("first_screen", "sign_in") in FIRST_SCREENS
        and params.get("interaction_mode", "signIn") in INTERACTION_MODES
        and (not method or (method in DIRECT_METHODS and bool(_DIRECT_TARGET.fullmatch(target))))
        and set(params.get("identifier", "").split()) <= IDENTIFIERS
    )
