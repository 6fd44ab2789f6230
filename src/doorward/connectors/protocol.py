"""What a connector is: a frozen description, and for a social one two functions.

Values only: a connector sees its own configuration, the guarded HTTP client and the parameters
that came back to the callback. It knows no request, no database and no tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from doorward.kit.http_client import HttpClient


class ConnectorType(StrEnum):
    """What a connector is for."""

    SOCIAL = "Social"
    EMAIL = "Email"
    SMS = "Sms"


class Platform(StrEnum):
    """Where a social connector runs."""

    UNIVERSAL = "Universal"
    WEB = "Web"
    NATIVE = "Native"


class FieldType(StrEnum):
    """How a field of the set-up form is filled in."""

    TEXT = "Text"
    MULTILINE_TEXT = "MultilineText"
    NUMBER = "Number"
    SWITCH = "Switch"
    SELECT = "Select"
    JSON = "Json"


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the set-up form; `key` is its name in the configuration."""

    key: str
    label: str
    type: FieldType = FieldType.TEXT
    is_required: bool = False
    is_confidential: bool = False
    placeholder: str = ""
    description: str = ""
    default: Any = None
    options: tuple[str, ...] = ()


class SetupStep(msgspec.Struct, frozen=True):
    """One thing to do at the provider."""

    title: str
    text: str


class ConnectorMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a connector.

    `target` names the provider to applications and in identities ("discord"). `logo` is a static
    file of ours ("logos/discord.svg") or a data: or https: URL. `portal_url` is where the provider
    registers applications; `steps` tell an administrator what to do there.
    """

    id: str
    target: str
    type: ConnectorType
    platform: Platform | None
    name: str
    description: str
    logo: str
    form: tuple[FormField, ...]
    logo_dark: str | None = None
    portal_url: str | None = None
    steps: tuple[SetupStep, ...] = ()
    is_standard: bool = False
    is_token_storage_supported: bool = False


class SocialIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a provider says the person is. `id` is stable and unique at the provider.

    `email` is what the provider reports; only when `is_email_verified` may it become an address
    of the user. `raw` is the provider's own answer, kept with the identity.
    """

    id: str
    name: str | None = None
    avatar: str | None = None
    email: str | None = None
    is_email_verified: bool = False
    raw: dict[str, Any] = {}

    @property
    def verified_email(self) -> str | None:
        """The e-mail address if the provider vouches for it, else None."""
        return self.email if self.is_email_verified else None


class SocialConnector(Protocol):
    """A social provider."""

    @property
    def metadata(self) -> ConnectorMetadata:
        """The description."""

    def authorization_uri(
        self,
        config: Mapping[str, Any],
        *,
        state: str,
        redirect_uri: str,
        scope: str | None = None,
    ) -> str:
        """Return where the browser goes to ask for consent.

        `scope` overrides that of the configuration, which overrides the connector's default.

        Raises:
            ConnectorError: INVALID_CONFIG.
        """

    async def fetch_identity(
        self,
        config: Mapping[str, Any],
        *,
        http: HttpClient,
        params: Mapping[str, str],
        redirect_uri: str,
    ) -> SocialIdentity:
        """Return who came back, from the `params` of the callback.

        `redirect_uri` is the one that `authorization_uri` was given. Nothing is stored; the
        provider's tokens are dropped.

        Raises:
            ConnectorError: the person said no (`is_denied`), the code, the client secret or the
                token was refused, the provider asks for patience (`retry_after`), is away, or
                answered something else.
        """
