"""What each type of application is and may do (reference: oidc.md section 14)."""

from __future__ import annotations

from enum import StrEnum


class ApplicationType(StrEnum):
    """The wire's names of the types."""

    NATIVE = "Native"
    SPA = "SPA"
    TRADITIONAL = "Traditional"
    MACHINE_TO_MACHINE = "MachineToMachine"
    PROTECTED = "Protected"
    SAML = "SAML"


class AuthMethod(StrEnum):
    """How a client proves who it is: OpenID Connect Core section 9, RFC 8705 section 2."""

    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105 a name
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105 a name
    CLIENT_SECRET_JWT = "client_secret_jwt"  # noqa: S105 a name
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS_CLIENT_AUTH = "tls_client_auth"
    SELF_SIGNED_TLS_CLIENT_AUTH = "self_signed_tls_client_auth"
    NONE = "none"


PUBLIC_TYPES = frozenset({ApplicationType.NATIVE, ApplicationType.SPA})
"""Types whose code runs on the user's device: no secret, PKCE required."""

WEB_GRANTS = ("authorization_code", "refresh_token")
MACHINE_GRANTS = ("client_credentials",)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 a name
DEVICE_GRANTS = (DEVICE_CODE, "refresh_token")
DEFAULT_SECRET_NAME = "Default secret"  # noqa: S105 a name


def has_secrets(type_: str) -> bool:
    """Tell whether applications of this type authenticate with a secret."""
    return type_ not in PUBLIC_TYPES


def auth_method(type_: str, *, registered: str | None) -> AuthMethod:
    """Return how an application proves who it is: as it registered, or as its type does."""
    if registered is not None:
        return AuthMethod(registered)
    return AuthMethod.CLIENT_SECRET_BASIC if has_secrets(type_) else AuthMethod.NONE


def grant_types(
    type_: str, *, is_device_flow: bool = False, allows_token_exchange: bool = False
) -> tuple[str, ...]:
    """Return the grants an application of this type may use, by the two switches it may have."""
    if type_ == ApplicationType.MACHINE_TO_MACHINE:
        grants: tuple[str, ...] = MACHINE_GRANTS
    elif type_ == ApplicationType.NATIVE and is_device_flow:
        grants = DEVICE_GRANTS
    else:
        grants = WEB_GRANTS
    return (*grants, TOKEN_EXCHANGE) if allows_token_exchange else grants
