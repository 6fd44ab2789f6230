"""The sign-in experience on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from doorward.management.body import Body, JsonObject, View
from doorward.sign_in_experience.document import (
    Branding,
    Color,
    CustomUiAssets,
    CustomUiCsp,
    EmailBlocklistPolicy,
    Experience,
    ForgotPasswordMethod,
    LanguageInfo,
    Mfa,
    PasskeySignIn,
    PasswordExpiration,
    PasswordPolicy,
    ProfileFieldName,
    SentinelPolicy,
    SignIn,
    SignInMode,
    SignUp,
    SocialSignIn,
    Toggle,
    TrustedDevice,
    UsernamePolicy,
    VerificationCodePolicy,
)
from doorward.sign_in_experience.tables import StoredExperience

# An empty address clears it; the form of others is checked with the whole document.
Address = Annotated[str, Meta(max_length=2048)]
NullableAddress = Address | UnsetType | None
Css = Annotated[str, Meta(max_length=65_536)]
Agreement = Literal["Automatic", "ManualRegistrationOnly", "Manual"]

_NOT_PUBLIC = frozenset({"emailBlocklistPolicy", "forgotPasswordMethods"})


class ExperienceView(Experience, frozen=True, kw_only=True, rename="camel"):
    """The sign-in experience of a tenant."""

    tenant_id: str
    id: str


class UpdateExperience(Body):
    """What changes; each setting that is sent replaces the stored one whole."""

    color: Color | UnsetType = UNSET
    branding: Branding | UnsetType = UNSET
    hide_logto_branding: bool | UnsetType = UNSET
    language_info: LanguageInfo | UnsetType = UNSET
    terms_of_use_url: NullableAddress = UNSET
    privacy_policy_url: NullableAddress = UNSET
    agree_to_terms_policy: Agreement | UnsetType = UNSET
    sign_in: SignIn | UnsetType = UNSET
    sign_up: SignUp | UnsetType = UNSET
    social_sign_in: SocialSignIn | UnsetType = UNSET
    social_sign_in_connector_targets: list[str] | UnsetType = UNSET
    sign_in_mode: SignInMode | UnsetType = UNSET
    custom_css: Css | UnsetType | None = UNSET
    custom_content: dict[str, str] | UnsetType = UNSET
    custom_ui_assets: CustomUiAssets | UnsetType | None = UNSET
    custom_ui_csp: CustomUiCsp | UnsetType = UNSET
    password_policy: PasswordPolicy | UnsetType = UNSET
    mfa: Mfa | UnsetType = UNSET
    adaptive_mfa: Toggle | UnsetType = UNSET
    trusted_device: TrustedDevice | UnsetType = UNSET
    single_sign_on_enabled: bool | UnsetType = UNSET
    support_email: NullableAddress = UNSET
    support_website_url: NullableAddress = UNSET
    unknown_session_redirect_url: NullableAddress = UNSET
    captcha_policy: Toggle | UnsetType = UNSET
    sentinel_policy: SentinelPolicy | UnsetType = UNSET
    email_blocklist_policy: EmailBlocklistPolicy | UnsetType = UNSET
    verification_code_policy: VerificationCodePolicy | UnsetType = UNSET
    forgot_password_methods: list[ForgotPasswordMethod] | UnsetType | None = UNSET
    passkey_sign_in: PasskeySignIn | UnsetType = UNSET
    sign_up_profile_fields: list[ProfileFieldName] | UnsetType | None = UNSET
    password_expiration: PasswordExpiration | UnsetType = UNSET
    username_policy: UsernamePolicy | UnsetType = UNSET


class SocialConnectorView(View):
    """A social connector that the sign-in pages offer."""

    id: str
    target: str
    name: dict[str, str]
    logo: str
    logo_dark: str | None
    platform: str | None
    is_standard: bool


class ForgotPassword(View):
    """By which ways a forgotten password can be replaced."""

    phone: bool
    email: bool


class PublicExperience(ExperienceView, frozen=True, kw_only=True, rename="camel"):
    """The sign-in experience as anybody may read it, with what the pages offer."""

    social_connectors: list[SocialConnectorView]
    sso_connectors: list[JsonObject]
    forgot_password: ForgotPassword
    is_development_tenant: bool
    custom_profile_fields: list[JsonObject]


def view_experience(tenant_id: str, stored: StoredExperience) -> Any:
    """Return the experience in wire shape, its settings exactly as they were sent."""
    return {
        "tenantId": tenant_id,
        "id": stored.id,
        **stored.document,
        "signInMode": stored.sign_in_mode,
    }


def view_public_experience(
    tenant_id: str,
    stored: StoredExperience,
    *,
    social_connectors: list[SocialConnectorView],
    forgot_password: dict[str, bool],
) -> Any:
    """Return the experience for anybody, without what helps to get around its policies."""
    shown = view_experience(tenant_id, stored)
    return {
        **{key: value for key, value in shown.items() if key not in _NOT_PUBLIC},
        "socialConnectors": social_connectors,
        "ssoConnectors": [],
        "forgotPassword": forgot_password,
        "isDevelopmentTenant": False,
        "customProfileFields": [],
    }
