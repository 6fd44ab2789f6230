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


PUBLIC_TYPES = frozenset({ApplicationType.NATIVE, ApplicationType.SPA})
"""Types whose code runs on the user's device: no secret, PKCE required."""

WEB_GRANTS = ("authorization_code", "refresh_token")
MACHINE_GRANTS = ("client_credentials",)
DEFAULT_SECRET_NAME = "Default secret"  # noqa: S105 a name


def has_secrets(type_: str) -> bool:
    """Tell whether applications of this type authenticate with a secret."""
    return type_ not in PUBLIC_TYPES


def grant_types(type_: str) -> tuple[str, ...]:
    """Return the grants an application of this type may use."""
    return MACHINE_GRANTS if type_ == ApplicationType.MACHINE_TO_MACHINE else WEB_GRANTS
