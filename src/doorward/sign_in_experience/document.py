"""The sign-in experience as a typed value, with its defaults.

The row keeps the document in wire shape, exactly as an administrator sent it; `parse_experience`
reads it into `Experience`, where every default is filled in. `apply_changes` is what a PATCH does
to a document, `checks.check_experience` decides whether the outcome may be saved:

    changed = apply_changes(stored.document, body, known_targets=targets, now=clock.now())
    experience = parse_experience(changed, sign_in_mode=mode)
    check_experience(experience, changed=body.keys(), connector_types={"Social"})
    await save_experience(tx, ..., document=changed)
"""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from doorward.kit.clock import to_milliseconds
from doorward.management.body import invalid_input, issue_of

HexColour = Annotated[str, Meta(pattern=r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")]
WebAddress = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+([/?#]\S*)?$", max_length=2048)]
EmailAddress = Annotated[str, Meta(pattern=r"^\S+@\S+\.\S+$", max_length=320)]
SecondaryIdentifierName = Literal["username", "email", "phone", "emailOrPhone"]
MfaFactor = Literal[
    "Totp", "WebAuthn", "BackupCode", "EmailVerificationCode", "PhoneVerificationCode"
]
MfaPolicy = Literal[
    "UserControlled",
    "Mandatory",
    "PromptOnlyAtSignIn",
    "PromptAtSignInAndSignUp",
    "NoPrompt",
    "PromptAtSignInAndSignUpMandatory",
    "PromptOnlyAtSignInMandatory",
]
ForgotPasswordMethod = Literal["EmailVerificationCode", "PhoneVerificationCode"]


class SignInMode(StrEnum):
    """Which doors are open."""

    SIGN_IN = "SignIn"
    REGISTER = "Register"
    SIGN_IN_AND_REGISTER = "SignInAndRegister"


class IdentifierType(StrEnum):
    """What a user may call themselves by."""

    USERNAME = "username"
    EMAIL = "email"
    PHONE = "phone"


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The common form of everything below: immutable, camelCase on the wire."""


class Color(Part, frozen=True):
    primary_color: HexColour
    is_dark_mode_enabled: bool
    dark_primary_color: HexColour


class Branding(Part, frozen=True):
    logo_url: WebAddress | None = None
    dark_logo_url: WebAddress | None = None
    favicon: WebAddress | None = None
    dark_favicon: WebAddress | None = None


class LanguageInfo(Part, frozen=True):
    auto_detect: bool
    fallback_language: Annotated[str, Meta(min_length=2, max_length=16)]


class SignInMethod(Part, frozen=True):
    identifier: IdentifierType
    password: bool
    verification_code: bool
    is_password_primary: bool


class SignIn(Part, frozen=True):
    methods: tuple[SignInMethod, ...]

    @property
    def password_identifiers(self) -> tuple[IdentifierType, ...]:
        """What one may sign in with beside a password, in the tenant's order."""
        return tuple(method.identifier for method in self.methods if method.password)


class SecondaryIdentifier(Part, frozen=True):
    identifier: SecondaryIdentifierName
    verify: bool = False


class SignUp(Part, frozen=True):
    """`identifiers` is empty for "Not applicable": accounts come from social sign-in alone."""

    identifiers: tuple[IdentifierType, ...]
    password: bool
    verify: bool
    secondary_identifiers: tuple[SecondaryIdentifier, ...] = ()


class SocialSignIn(Part, frozen=True):
    automatic_account_linking: bool = False
    skip_required_identifiers: bool = False


class CustomUiAssets(Part, frozen=True):
    id: str
    created_at: int


class CustomUiCsp(Part, frozen=True):
    script_src: tuple[str, ...] = ()
    connect_src: tuple[str, ...] = ()


class PasswordLength(Part, frozen=True):
    min: Annotated[int, Meta(ge=1)] = 8
    max: Annotated[int, Meta(ge=1)] = 256


class PasswordCharacterTypes(Part, frozen=True):
    min: Annotated[int, Meta(ge=1, le=4)] = 1


class PasswordRejects(Part, frozen=True):
    pwned: bool = True
    repetition_and_sequence: bool = True
    user_info: bool = True
    words: tuple[str, ...] = ()


class PasswordPolicy(Part, frozen=True):
    """What a new password must be like; rules are applied by `users.password_policy`."""

    length: PasswordLength = PasswordLength()
    character_types: PasswordCharacterTypes = PasswordCharacterTypes()
    rejects: PasswordRejects = PasswordRejects()


class AllowedUsernameCharacters(Part, frozen=True):
    lowercase: bool = True
    uppercase: bool = True
    numbers: bool = True
    underscore: bool = True


class UsernamePolicy(Part, frozen=True):
    """What a new user name must be like; rules are applied by `users.username_policy`."""

    case_sensitive: bool = True
    min_length: Annotated[int, Meta(ge=1, le=128)] = 1
    max_length: Annotated[int, Meta(ge=1, le=128)] = 128
    allowed_chars: AllowedUsernameCharacters = AllowedUsernameCharacters()


class Mfa(Part, frozen=True):
    policy: MfaPolicy = "UserControlled"
    factors: tuple[MfaFactor, ...] = ()
    organization_required_mfa_policy: Literal["NoPrompt", "Mandatory"] | None = None


class Toggle(Part, frozen=True):
    enabled: bool = False


class TrustedDevice(Part, frozen=True):
    enabled: bool = False
    duration_days: Annotated[int, Meta(ge=1, le=365)] = 30


class SentinelPolicy(Part, frozen=True):
    """Lockout: failures in an hour, and minutes that the block lasts."""

    max_attempts: Annotated[int, Meta(ge=1, le=100_000)] = 100
    lockout_duration: Annotated[int, Meta(ge=1, le=525_600)] = 60


class EmailBlocklistPolicy(Part, frozen=True):
    block_disposable_addresses: bool = False
    block_subaddressing: bool = False
    custom_allowlist: tuple[str, ...] = ()
    custom_blocklist: tuple[str, ...] = ()


class VerificationCodePolicy(Part, frozen=True):
    expiration_duration: Annotated[int, Meta(ge=60, le=3600)] = 600
    max_retry_attempts: Annotated[int, Meta(ge=1, le=100)] = 10


class PasskeySignIn(Part, frozen=True):
    enabled: bool = False
    show_passkey_button: bool = False
    allow_autofill: bool = False


class ProfileFieldName(Part, frozen=True):
    name: str


class PasswordExpiration(Part, frozen=True):
    enabled: bool = False
    valid_period_days: int | None = None
    enabled_at: int | None = None


class Experience(Part, frozen=True):
    """The whole document; a setting that a later release acts on is kept and given back as sent."""

    color: Color
    branding: Branding
    language_info: LanguageInfo
    sign_in: SignIn
    sign_up: SignUp
    sign_in_mode: SignInMode = SignInMode.SIGN_IN_AND_REGISTER
    hide_logto_branding: bool = False
    terms_of_use_url: WebAddress | None = None
    privacy_policy_url: WebAddress | None = None
    agree_to_terms_policy: Literal["Automatic", "ManualRegistrationOnly", "Manual"] = "Automatic"
    social_sign_in: SocialSignIn = SocialSignIn()
    social_sign_in_connector_targets: tuple[str, ...] = ()
    custom_css: Annotated[str, Meta(max_length=65_536)] | None = None
    custom_content: dict[str, str] = {}
    custom_ui_assets: CustomUiAssets | None = None
    custom_ui_csp: CustomUiCsp = CustomUiCsp()
    password_policy: PasswordPolicy = PasswordPolicy()
    mfa: Mfa = Mfa()
    adaptive_mfa: Toggle = Toggle()
    trusted_device: TrustedDevice = TrustedDevice()
    single_sign_on_enabled: bool = False
    support_email: EmailAddress | None = None
    support_website_url: WebAddress | None = None
    unknown_session_redirect_url: WebAddress | None = None
    captcha_policy: Toggle = Toggle()
    sentinel_policy: SentinelPolicy = SentinelPolicy()
    email_blocklist_policy: EmailBlocklistPolicy = EmailBlocklistPolicy()
    verification_code_policy: VerificationCodePolicy = VerificationCodePolicy()
    forgot_password_methods: tuple[ForgotPasswordMethod, ...] | None = ()
    passkey_sign_in: PasskeySignIn = PasskeySignIn()
    sign_up_profile_fields: tuple[ProfileFieldName, ...] | None = None
    password_expiration: PasswordExpiration = PasswordExpiration()
    username_policy: UsernamePolicy = UsernamePolicy()

    @property
    def allows_sign_in(self) -> bool:
        """Whether existing users may sign in."""
        return self.sign_in_mode is not SignInMode.REGISTER

    @property
    def allows_registration(self) -> bool:
        """Whether new accounts may be made."""
        return self.sign_in_mode is not SignInMode.SIGN_IN


_EMPTY_MEANS_NONE = frozenset(
    {
        "termsOfUseUrl",
        "privacyPolicyUrl",
        "supportEmail",
        "supportWebsiteUrl",
        "unknownSessionRedirectUrl",
        "customCss",
    }
)
_FIELDS = {field.encode_name: field.type for field in msgspec.structs.fields(Experience)}
DOCUMENT_KEYS = frozenset(_FIELDS) - {"signInMode"}
"""The keys of a stored document; `signInMode` has a column of its own."""


def parse_experience(document: Mapping[str, Any], *, sign_in_mode: str) -> Experience:
    """Return the typed experience of a document in wire shape.

    Raises:
        RequestError: 400 guard.invalid_input, a value has the wrong type; the issue names its path.
    """
    try:
        return msgspec.convert({**document, "signInMode": sign_in_mode}, Experience)
    except msgspec.ValidationError as error:
        raise invalid_input("body", issues=[issue_of(str(error), model=Experience)]) from error


def apply_changes(
    document: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    known_targets: Collection[str] | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the document after a PATCH: sent keys replace whole settings, unknown keys are left
    out, empty addresses become null, unknown and repeated social targets are dropped.

    `known_targets` are the targets of the configured social connectors; None keeps all that is
    sent (a preview). `signInMode` is not part of the outcome: its column is the caller's.
    """
    changed = dict(document)
    for key in DOCUMENT_KEYS & changes.keys():
        value = changes[key]
        if key in _EMPTY_MEANS_NONE and value == "":
            value = None
        changed[key] = _known_members(value, _FIELDS[key])
    targets = changes.get("socialSignInConnectorTargets")
    if known_targets is not None and isinstance(targets, list):
        changed["socialSignInConnectorTargets"] = [
            target for target in dict.fromkeys(targets) if target in known_targets
        ]
    expiration = changed.get("passwordExpiration")
    if "passwordExpiration" in changes and isinstance(expiration, dict):
        changed["passwordExpiration"] = _with_begin(
            expiration, document.get("passwordExpiration") or {}, now=now
        )
    return changed


def _with_begin(
    expiration: dict[str, Any], before: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Say since when passwords expire: the server's word, not the client's."""
    rest = {key: value for key, value in expiration.items() if key != "enabledAt"}
    if not rest.get("enabled"):
        return rest
    since = before.get("enabledAt") if before.get("enabled") else None
    return {**rest, "enabledAt": since or to_milliseconds(now)}


def _known_members(value: Any, type_: Any) -> Any:
    """Return `value` without members that `type_` does not know; its types are checked later."""
    origin = typing.get_origin(type_)
    if origin in {UnionType, typing.Union}:
        known = [member for member in typing.get_args(type_) if member is not type(None)]
        return _known_members(value, known[0]) if value is not None else None
    if origin is tuple and isinstance(value, list):
        return [_known_members(item, typing.get_args(type_)[0]) for item in value]
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct) and isinstance(value, dict):
        return {
            field.encode_name: _known_members(value[field.encode_name], field.type)
            for field in msgspec.structs.fields(type_)
            if field.encode_name in value
        }
    return value
