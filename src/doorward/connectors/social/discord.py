"""Discord: OAuth 2.0 with a profile endpoint (docs.discord.com/developers/topics/oauth2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.connectors.oauth2 import CLIENT_FIELDS, OAuth2Connector, scope_field
from doorward.connectors.protocol import (
    ConnectorMetadata,
    ConnectorType,
    Platform,
    SetupStep,
    SocialIdentity,
)

_AVATAR = "https://cdn.discordapp.com/avatars/{id}/{hash}.{kind}"


def _identity(user: Mapping[str, Any]) -> SocialIdentity:
    """Read a user object (docs.discord.com/developers/resources/user)."""
    id_, avatar = str(user["id"]), user.get("avatar")
    kind = "gif" if avatar and avatar.startswith("a_") else "png"
    return SocialIdentity(
        id=id_,
        name=user.get("username"),
        avatar=_AVATAR.format(id=id_, hash=avatar, kind=kind) if avatar else None,
        email=user.get("email"),
        is_email_verified=user.get("verified") is True and bool(user.get("email")),
        raw=dict(user),
    )


DISCORD = OAuth2Connector(
    metadata=ConnectorMetadata(
        id="discord-universal",
        target="discord",
        type=ConnectorType.SOCIAL,
        platform=Platform.UNIVERSAL,
        name="Discord",
        description="Let people sign in with the account they chat and play with.",
        logo="logos/discord.svg",
        portal_url="https://discord.com/developers/applications",
        steps=(
            SetupStep(
                "Create an application",
                "In the Discord Developer Portal choose New Application, and give it the name that "
                "people should see on Discord's consent page.",
            ),
            SetupStep(
                "Add the callback URL",
                "On its OAuth2 page, under Redirects, add the callback URL shown here and save.",
            ),
            SetupStep("Copy the client ID", "It is on the same page."),
            SetupStep(
                "Make a client secret",
                "Choose Reset Secret and copy the new secret. Discord shows it only once.",
            ),
        ),
        form=(*CLIENT_FIELDS, scope_field("identify email")),
    ),
    authorization_endpoint="https://discord.com/oauth2/authorize",
    token_endpoint="https://discord.com/api/v10/oauth2/token",  # noqa: S106 (an address)
    user_endpoint="https://discord.com/api/v10/users/@me",
    default_scope="identify email",
    identity=_identity,
)
