"""What a sign-in experience must satisfy before it is saved (reference: experience.md section 9).

`check_experience` is pure. Only the settings that a request changes are judged, so that a tenant
whose mail connector was removed can still change its colours. One check needs the database and is
the caller's: switching `usernamePolicy.caseSensitive` off while names differ only in case is 409
sign_in_experiences.username_policy_case_conflicts_exist.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from doorward.errors import RequestError
from doorward.kit.i18n import LANGUAGES
from doorward.management.body import custom_issue, invalid_input
from doorward.sign_in_experience.document import Experience, IdentifierType

_BLOCKLIST_ITEM = re.compile(r"^[^\s@]*@[^\s@]+\.[^\s@]+$")
_ADAPTIVE_ONLY = {"PromptAtSignInAndSignUpMandatory", "PromptOnlyAtSignInMandatory"}
_NOT_SKIPPABLE = {"Mandatory", *_ADAPTIVE_ONLY}
_CONNECTOR_OF_IDENTIFIER = {
    "email": ("Email",),
    "phone": ("Sms",),
    "emailOrPhone": ("Email", "Sms"),
}
_CONNECTOR_OF_METHOD = {"EmailVerificationCode": "Email", "PhoneVerificationCode": "Sms"}
_FACTOR_OF_IDENTIFIER = {
    IdentifierType.EMAIL: "EmailVerificationCode",
    IdentifierType.PHONE: "PhoneVerificationCode",
}


def check_experience(
    experience: Experience, *, changed: Collection[str], connector_types: Collection[str]
) -> None:
    """Check the settings named in `changed` (wire keys) against the whole experience.

    `connector_types` are the kinds of connectors the tenant has, of "Email", "Sms", "Social".

    Raises:
        RequestError: sign_in_experiences.* or guard.invalid_input, the first rule that is broken;
            422 request.feature_not_supported for a protection that this server does not have.
    """
    keys = set(changed)
    if "languageInfo" in keys:
        _check_language(experience)
    if "signUp" in keys:
        _check_sign_up(experience, connector_types)
    if keys & {"signIn", "signUp"}:
        _check_sign_in(experience, connector_types)
    if keys & {"signIn", "mfa"}:
        _check_codes_used_once(experience, at_sign_in="signIn" in keys)
    if keys & {"mfa", "adaptiveMfa"}:
        _check_mfa(experience)
    if "emailBlocklistPolicy" in keys:
        _check_blocklist(experience)
    if "forgotPasswordMethods" in keys:
        _check_forgot_password(experience, connector_types)
    if keys & {"passwordExpiration", "forgotPasswordMethods"}:
        _check_password_expiration(experience, connector_types)
    if keys & {"passwordPolicy", "usernamePolicy"}:
        _check_lengths(experience)
    _check_is_there(experience, keys)


def _refuse(rule: str, *, status: int = 400, **interpolation: str) -> RequestError:
    return RequestError(
        f"sign_in_experiences.{rule}", status=status, interpolation=dict(interpolation)
    )


def _check_language(experience: Experience) -> None:
    language = experience.language_info.fallback_language
    if language not in LANGUAGES:
        raise _refuse("unsupported_default_language", language=language)


def _check_sign_up(experience: Experience, connector_types: Collection[str]) -> None:
    sign_up = experience.sign_up
    secondary = sign_up.secondary_identifiers
    if secondary and not sign_up.identifiers:
        raise _refuse("missing_sign_up_identifiers")
    names = [*sign_up.identifiers, *(entry.identifier for entry in secondary)]
    if len(set(names)) != len(names):
        raise _refuse("duplicated_sign_up_identifiers")
    has_unverified = any(entry.identifier != "username" and not entry.verify for entry in secondary)
    is_verified = sign_up.verify or set(sign_up.identifiers) <= {IdentifierType.USERNAME}
    if has_unverified or not is_verified:
        raise _refuse("passwordless_requires_verify")
    for name in names:
        for type_ in _CONNECTOR_OF_IDENTIFIER.get(name, ()):
            _check_connector(type_, connector_types)


def _check_sign_in(experience: Experience, connector_types: Collection[str]) -> None:
    sign_up, methods = experience.sign_up, experience.sign_in.methods
    if len({method.identifier for method in methods}) != len(methods):
        issue = custom_issue("signIn.methods", "An identifier is listed twice")
        raise invalid_input("body", issues=[issue])
    for method in methods:
        if not method.password and not method.verification_code:
            raise _refuse("at_least_one_authentication_factor")
        if method.verification_code:
            # A user name has nowhere to send a code to.
            if method.identifier is IdentifierType.USERNAME and not method.password:
                raise _refuse("at_least_one_authentication_factor")
            for type_ in _CONNECTOR_OF_IDENTIFIER.get(method.identifier, ()):
                _check_connector(type_, connector_types)
        needs_code = sign_up.verify and not sign_up.password
        is_username = method.identifier is IdentifierType.USERNAME
        if needs_code and not is_username and not method.verification_code:
            raise _refuse("code_sign_in_must_be_enabled")


def _check_connector(type_: str, connector_types: Collection[str]) -> None:
    if type_ not in connector_types:
        raise _refuse("enabled_connector_not_found", type=type_)


def _check_codes_used_once(experience: Experience, *, at_sign_in: bool) -> None:
    """A code sent to one address cannot be the first and the second factor."""
    for method in experience.sign_in.methods:
        factor = _FACTOR_OF_IDENTIFIER.get(method.identifier)
        if method.verification_code and factor in experience.mfa.factors:
            use = "sign_in" if at_sign_in else "mfa"
            raise _refuse(f"{method.identifier}_verification_code_cannot_be_used_for_{use}")


def _check_mfa(experience: Experience) -> None:
    factors, policy = experience.mfa.factors, experience.mfa.policy
    if len(set(factors)) != len(factors):
        raise _refuse("duplicated_mfa_factors")
    if factors == ("BackupCode",):
        raise _refuse("backup_code_cannot_be_enabled_alone")
    if experience.adaptive_mfa.enabled:
        if not factors:
            raise _refuse("adaptive_mfa_requires_mfa", status=422)
        if policy not in _NOT_SKIPPABLE:
            raise _refuse("adaptive_mfa_requires_non_skippable_policy", status=422)
    elif policy in _ADAPTIVE_ONLY:
        raise _refuse("non_adaptive_mfa_requires_skippable_policy", status=422)


def _check_blocklist(experience: Experience) -> None:
    policy = experience.email_blocklist_policy
    items = [*policy.custom_allowlist, *policy.custom_blocklist]
    malformed = [item for item in items if not _BLOCKLIST_ITEM.match(item)]
    if malformed:
        raise _refuse("invalid_custom_email_blocklist_format", items=", ".join(malformed))


def _check_forgot_password(experience: Experience, connector_types: Collection[str]) -> None:
    for method in experience.forgot_password_methods or ():
        if _CONNECTOR_OF_METHOD[method] not in connector_types:
            raise _refuse("forgot_password_method_requires_connector", method=method)


def _check_password_expiration(experience: Experience, connector_types: Collection[str]) -> None:
    expiration = experience.password_expiration
    if not expiration.enabled:
        return
    methods = experience.forgot_password_methods
    allowed = _CONNECTOR_OF_METHOD if methods is None else methods
    if not any(_CONNECTOR_OF_METHOD[method] in connector_types for method in allowed):
        raise _refuse("password_expiration_requires_forgot_password", status=422)
    if expiration.valid_period_days is None or expiration.valid_period_days < 1:
        raise _refuse("password_expiration_invalid_period_days", status=422)


def _check_lengths(experience: Experience) -> None:
    length, username = experience.password_policy.length, experience.username_policy
    if length.min > length.max or username.min_length > username.max_length:
        raise RequestError(
            "guard.invalid_input",
            interpolation={"type": "body"},
            detail="the minimum length is above the maximum",
        )


def _check_is_there(experience: Experience, keys: set[str]) -> None:
    """Refuse a protection that is not there yet: it would be believed in."""
    blocklist = experience.email_blocklist_policy
    switched_on = {
        "mfa": bool(experience.mfa.factors),
        "captchaPolicy": experience.captcha_policy.enabled,
        "emailBlocklistPolicy": blocklist.block_disposable_addresses
        or blocklist.block_subaddressing
        or bool(blocklist.custom_blocklist),
    }
    for key in keys & switched_on.keys():
        if switched_on[key]:
            raise RequestError("request.feature_not_supported", status=422, detail=key)
