"""The two forms of the sign-in experience: what is shown, what was typed, what it changes.

`*_values` reads an experience, `typed_*` a form, `check_*` finds what is wrong by field name, and
`*_changes` returns the settings by their wire keys; members that a form does not show are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.console.console import Console
from doorward.console.fields import Errors, check_urls
from doorward.console.forms import Form
from doorward.kit.contrast import parse_colour
from doorward.kit.i18n import LANGUAGES
from doorward.sign_in_experience.document import Experience, IdentifierType, SignInMode

Values = dict[str, Any]

TABS = ("branding", "sign-up-and-sign-in")
NOT_APPLICABLE = "none"
MAX_CSS = 65_536

_COLOURS = ("primary_color", "dark_primary_color")
_LOGOS = {"logo_url": "logoUrl", "dark_logo_url": "darkLogoUrl", "favicon": "favicon"}
_LEGAL = {"terms_of_use_url": "termsOfUseUrl", "privacy_policy_url": "privacyPolicyUrl"}


def branding_values(experience: Experience) -> Values:
    """Return the values of the branding tab."""
    color, branding = experience.color, experience.branding
    return {
        "primary_color": color.primary_color,
        "is_dark_mode_enabled": color.is_dark_mode_enabled,
        "dark_primary_color": color.dark_primary_color,
        "logo_url": branding.logo_url or "",
        "dark_logo_url": branding.dark_logo_url or "",
        "favicon": branding.favicon or "",
        "custom_css": experience.custom_css or "",
        "terms_of_use_url": experience.terms_of_use_url or "",
        "privacy_policy_url": experience.privacy_policy_url or "",
        "auto_detect": experience.language_info.auto_detect,
        "fallback_language": experience.language_info.fallback_language,
    }


def typed_branding(form: Form) -> Values:
    """Return the values of the branding tab as typed."""
    texts = (*_COLOURS, *_LOGOS, *_LEGAL, "custom_css", "fallback_language")
    values: Values = {name: form.text(name) for name in texts}
    for name in ("is_dark_mode_enabled", "auto_detect"):
        values[name] = form.is_on(name)
    return values


def check_branding(console: Console, values: Values) -> Errors:
    """Return what is wrong with the branding tab."""
    errors = check_urls(console, values, *_LOGOS, *_LEGAL)
    for name in _COLOURS:
        if not _is_colour(values[name]):
            errors[name] = console.text("error.colour")
    if len(values["custom_css"]) > MAX_CSS:
        errors["custom_css"] = console.text("error.too_long", max=MAX_CSS)
    if values["fallback_language"] not in LANGUAGES:
        errors["fallback_language"] = console.text("error.choose")
    return errors


def branding_changes(values: Values, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the branding tab changes."""
    color = document.get("color") or {}
    branding = dict(document.get("branding") or {})
    for name, key in _LOGOS.items():
        branding.pop(key, None)
        if values[name]:
            branding[key] = values[name]
    return {
        "color": {
            **color,
            "isDarkModeEnabled": values["is_dark_mode_enabled"],
            # A colour that is still being typed leaves the preview as it was.
            **{
                key: values[name]
                for name, key in zip(_COLOURS, ("primaryColor", "darkPrimaryColor"), strict=True)
                if _is_colour(values[name])
            },
        },
        "branding": branding,
        "languageInfo": {
            **(document.get("languageInfo") or {}),
            "autoDetect": values["auto_detect"],
            "fallbackLanguage": values["fallback_language"],
        },
        "customCss": values["custom_css"] or None,
        **{key: values[name] or None for name, key in _LEGAL.items()},
    }


def methods_values(experience: Experience) -> Values:
    """Return the values of the sign-up and sign-in tab."""
    sign_up, social = experience.sign_up, experience.social_sign_in
    return {
        "sign_in_mode": str(experience.sign_in_mode),
        "sign_up_identifier": str(sign_up.identifiers[0])
        if sign_up.identifiers
        else NOT_APPLICABLE,
        "sign_up_password": sign_up.password,
        "sign_in_identifiers": [str(name) for name in experience.sign_in.password_identifiers],
        "skip_required_identifiers": social.skip_required_identifiers,
        "automatic_account_linking": social.automatic_account_linking,
        "social_targets": list(experience.social_sign_in_connector_targets),
    }


def typed_methods(form: Form) -> Values:
    """Return the values of the sign-up and sign-in tab as typed, a row's button applied."""
    values: Values = {name: form.text(name) for name in ("sign_in_mode", "sign_up_identifier")}
    for name in (
        "sign_up_password",
        "skip_required_identifiers",
        "automatic_account_linking",
    ):
        values[name] = form.is_on(name)
    values["sign_in_identifiers"] = form.texts("sign_in_identifiers")
    targets = form.texts("social_targets")
    act, _, target = form.text("act").partition(" ")
    values["social_targets"] = moved(targets, act, target)
    return values


def moved(targets: list[str], act: str, target: str) -> list[str]:
    """Return the list after "up", "down", "remove" or "add" of one target."""
    rest = [known for known in targets if known != target]
    if act == "add":
        return [*rest, target]
    if act == "remove":
        return rest
    if act not in {"up", "down"} or target not in targets:
        return targets
    place = max(0, targets.index(target) + (-1 if act == "up" else 1))
    return [*rest[:place], target, *rest[place:]]


def check_methods(console: Console, values: Values) -> Errors:
    """Return what is wrong with the sign-up and sign-in tab."""
    errors: Errors = {}
    if values["sign_in_mode"] not in set(SignInMode):
        errors["sign_in_mode"] = console.text("error.choose")
    identifier = values["sign_up_identifier"]
    if identifier not in {*IdentifierType, NOT_APPLICABLE}:
        errors["sign_up_identifier"] = console.text("error.choose")
    if identifier == IdentifierType.USERNAME and not values["sign_up_password"]:
        # Nothing else could prove whose the user name is.
        errors["sign_up_password"] = console.text("error.username_needs_password")
    if not set(values["sign_in_identifiers"]) <= set(IdentifierType):
        errors["sign_in_identifiers"] = console.text("error.choose")
    elif identifier not in {*values["sign_in_identifiers"], NOT_APPLICABLE}:
        errors["sign_in_identifiers"] = console.text("error.sign_in_lacks_sign_up")
    return errors


def methods_changes(values: Values, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the sign-up and sign-in tab changes."""
    identifier = values["sign_up_identifier"]
    identifiers = [] if identifier == NOT_APPLICABLE else [identifier]
    sign_up = dict(document.get("signUp") or {})
    if not identifiers:
        # Nobody registers here by themselves, so nothing besides can be asked of them.
        sign_up.pop("secondaryIdentifiers", None)
    known = {
        method.get("identifier"): method
        for method in (document.get("signIn") or {}).get("methods", [])
    }
    return {
        "signInMode": values["sign_in_mode"],
        "signUp": {
            **sign_up,
            "identifiers": identifiers,
            "password": values["sign_up_password"] and bool(identifiers),
            "verify": bool(identifiers) and identifier != IdentifierType.USERNAME,
        },
        "signIn": {
            "methods": [
                {
                    "verificationCode": False,
                    "isPasswordPrimary": True,
                    **known.get(name, {}),
                    "identifier": name,
                    "password": True,
                }
                for name in values["sign_in_identifiers"]
            ]
        },
        "socialSignIn": {
            **(document.get("socialSignIn") or {}),
            "automaticAccountLinking": values["automatic_account_linking"],
            "skipRequiredIdentifiers": values["skip_required_identifiers"],
        },
        "socialSignInConnectorTargets": values["social_targets"],
    }


def _is_colour(text: str) -> bool:
    try:
        parse_colour(text)
    except ValueError:
        return False
    return True
