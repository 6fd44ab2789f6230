"""What may be saved (reference: experience.md section 9), and what a PATCH makes of a document."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from doorward.errors import RequestError
from doorward.sign_in_experience.checks import check_experience
from doorward.sign_in_experience.document import apply_changes, parse_experience

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USERNAME = {
    "identifier": "username",
    "password": True,
    "verificationCode": False,
    "isPasswordPrimary": True,
}
EMAIL_CODE = USERNAME | {"identifier": "email", "password": False, "verificationCode": True}
EMAIL_PASSWORD = USERNAME | {"identifier": "email"}
DOCUMENT: dict[str, Any] = {
    "color": {"primaryColor": "#000", "isDarkModeEnabled": False, "darkPrimaryColor": "#fff"},
    "branding": {},
    "languageInfo": {"autoDetect": True, "fallbackLanguage": "en"},
    "signIn": {"methods": [USERNAME]},
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
}


def sign_up(*identifiers: str, password: bool = True, verify: bool = False, **more: Any) -> Any:
    return {"identifiers": list(identifiers), "password": password, "verify": verify, **more}


def save(changes: dict[str, Any], *, connectors: set[str] | None = None) -> dict[str, Any]:
    changed = apply_changes(copy.deepcopy(DOCUMENT), changes, known_targets={"discord"}, now=NOW)
    experience = parse_experience(changed, sign_in_mode="SignInAndRegister")
    check_experience(experience, changed=changes.keys(), connector_types=connectors or set())
    return changed


REFUSED: list[tuple[dict[str, Any], set[str], int, str]] = [
    (
        {"signUp": sign_up(secondaryIdentifiers=[{"identifier": "username"}])},
        set(),
        400,
        "missing_sign_up_identifiers",
    ),
    ({"signUp": sign_up("username", "username")}, set(), 400, "duplicated_sign_up_identifiers"),
    ({"signUp": sign_up("email")}, {"Email"}, 400, "passwordless_requires_verify"),
    ({"signUp": sign_up("email", verify=True)}, set(), 400, "enabled_connector_not_found"),
    (
        {"signIn": {"methods": [USERNAME | {"password": False}]}},
        set(),
        400,
        "at_least_one_authentication_factor",
    ),
    ({"signIn": {"methods": [EMAIL_CODE]}}, set(), 400, "enabled_connector_not_found"),
    (
        {
            "signUp": sign_up("email", password=False, verify=True),
            "signIn": {"methods": [EMAIL_PASSWORD]},
        },
        {"Email"},
        400,
        "code_sign_in_must_be_enabled",
    ),
    (
        {
            "signIn": {"methods": [EMAIL_CODE]},
            "mfa": {"policy": "UserControlled", "factors": ["EmailVerificationCode"]},
        },
        {"Email"},
        400,
        "email_verification_code_cannot_be_used_for_sign_in",
    ),
    (
        {"mfa": {"policy": "UserControlled", "factors": ["Totp", "Totp"]}},
        set(),
        400,
        "duplicated_mfa_factors",
    ),
    (
        {"mfa": {"policy": "UserControlled", "factors": ["BackupCode"]}},
        set(),
        400,
        "backup_code_cannot_be_enabled_alone",
    ),
    ({"adaptiveMfa": {"enabled": True}}, set(), 422, "adaptive_mfa_requires_mfa"),
    (
        {
            "adaptiveMfa": {"enabled": True},
            "mfa": {"policy": "UserControlled", "factors": ["Totp"]},
        },
        set(),
        422,
        "adaptive_mfa_requires_non_skippable_policy",
    ),
    (
        {"mfa": {"policy": "PromptOnlyAtSignInMandatory", "factors": ["Totp"]}},
        set(),
        422,
        "non_adaptive_mfa_requires_skippable_policy",
    ),
    (
        {"forgotPasswordMethods": ["EmailVerificationCode"]},
        set(),
        400,
        "forgot_password_method_requires_connector",
    ),
    (
        {"passwordExpiration": {"enabled": True, "validPeriodDays": 30}},
        set(),
        422,
        "password_expiration_requires_forgot_password",
    ),
    (
        {
            "passwordExpiration": {"enabled": True, "validPeriodDays": 0},
            "forgotPasswordMethods": None,
        },
        {"Email"},
        422,
        "password_expiration_invalid_period_days",
    ),
    (
        {"languageInfo": {"autoDetect": True, "fallbackLanguage": "tlh"}},
        set(),
        400,
        "unsupported_default_language",
    ),
    (
        {"emailBlocklistPolicy": {"customBlocklist": ["not-an-address"]}},
        set(),
        400,
        "invalid_custom_email_blocklist_format",
    ),
]


class TestWhatMayBeSaved:
    @pytest.mark.parametrize(
        ("changes", "connectors", "status", "code"), REFUSED, ids=[row[3] for row in REFUSED]
    )
    def test_refuses(
        self, changes: dict[str, Any], connectors: set[str], status: int, code: str
    ) -> None:
        with pytest.raises(RequestError) as caught:
            save(changes, connectors=connectors)

        assert caught.value.code == f"sign_in_experiences.{code}"
        assert caught.value.status == status

    @pytest.mark.parametrize(
        ("changes", "connectors"),
        [
            ({"signUp": sign_up(password=False)}, set()),
            ({"signIn": {"methods": []}}, set()),
            ({"signIn": {"methods": [USERNAME, EMAIL_PASSWORD]}}, set()),
            ({"signUp": sign_up("email", verify=True)}, {"Email"}),
            ({"mfa": {"policy": "UserControlled", "factors": []}}, set()),
            ({"captchaPolicy": {"enabled": False}}, set()),
            ({"emailBlocklistPolicy": {"customAllowlist": ["ada@example.com"]}}, set()),
        ],
    )
    def test_accepts(self, changes: dict[str, Any], connectors: set[str]) -> None:
        save(changes, connectors=connectors)

    @pytest.mark.parametrize(
        "changes",
        [
            {"mfa": {"policy": "Mandatory", "factors": ["Totp", "BackupCode"]}},
            {"captchaPolicy": {"enabled": True}},
            {"emailBlocklistPolicy": {"blockSubaddressing": True}},
            {"emailBlocklistPolicy": {"blockDisposableAddresses": True}},
            {"emailBlocklistPolicy": {"customBlocklist": ["@example.com"]}},
        ],
        ids=str,
    )
    def test_a_protection_that_is_not_there_cannot_be_switched_on(
        self, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(RequestError) as caught:
            save(changes)

        assert (caught.value.status, caught.value.code) == (422, "request.feature_not_supported")

    def test_only_what_changes_is_judged(self) -> None:
        """A tenant whose mail connector is gone can still change its colours."""
        document = copy.deepcopy(DOCUMENT) | {"signUp": sign_up("email", verify=True)}
        experience = parse_experience(document, sign_in_mode="SignIn")

        check_experience(experience, changed={"color"}, connector_types=set())


class TestApplyingChanges:
    def test_empty_addresses_become_null(self) -> None:
        assert (
            save({"termsOfUseUrl": "", "supportEmail": ""}).items()
            >= {
                "termsOfUseUrl": None,
                "supportEmail": None,
            }.items()
        )

    def test_unknown_targets_and_members_are_dropped(self) -> None:
        changed = save(
            {
                "socialSignInConnectorTargets": ["discord", "nowhere"],
                "passwordPolicy": {"length": {"min": 9, "odd": 1}, "odd": 1},
                "odd": 1,
            }
        )

        assert changed["socialSignInConnectorTargets"] == ["discord"]
        assert changed["passwordPolicy"] == {"length": {"min": 9}}
        assert "odd" not in changed

    def test_the_server_says_since_when_passwords_expire(self) -> None:
        expiration = {"enabled": True, "validPeriodDays": 30, "enabledAt": 5}
        changes = {"passwordExpiration": expiration, "forgotPasswordMethods": None}

        changed = save(changes, connectors={"Email"})

        assert changed["passwordExpiration"]["enabledAt"] == 1767225600000

    @pytest.mark.parametrize(
        "changes",
        [
            {"color": {"primaryColor": "red; }", "isDarkModeEnabled": True}},
            {"branding": {"logoUrl": "javascript:alert(1)"}},
            {"termsOfUseUrl": "javascript:alert(1)"},
            {"unknownSessionRedirectUrl": "//evil.example"},
            {"signUp": {"identifiers": ["nickname"]}},
            {"passwordPolicy": {"length": {"min": 0}}},
            {"passwordPolicy": {"length": {"min": 20, "max": 10}}},
            {"sentinelPolicy": {"maxAttempts": 0}},
            {"customCss": "x" * 70_000},
        ],
        ids=str,
    )
    def test_wrong_types_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(RequestError) as caught:
            save(changes)

        assert caught.value.code == "guard.invalid_input"
