"""Answers of the token and userinfo endpoints."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class TokenResponse(BaseModel):
    """An answer of the token endpoint (RFC 6749 section 5.1). Its repr hides the tokens."""

    access_token: str = Field(repr=False)
    token_type: str
    expires_in: int
    """Lifetime of the access token in seconds."""
    refresh_token: str | None = Field(default=None, repr=False)
    id_token: str | None = Field(default=None, repr=False)
    scope: str | None = None


class UserIdentity(BaseModel):
    """A user's account with a social provider."""

    userId: str
    """Id of the user at the provider."""
    details: dict[str, Any] | None = None
    """What the provider says about the user."""


class UserInfoResponse(BaseModel):
    """Claims of the userinfo endpoint. Those without a field here are attributes as well."""

    model_config = ConfigDict(extra="allow")

    sub: str
    """Id of the user."""
    name: str | None = None
    username: str | None = None
    picture: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    phone_number: str | None = None
    phone_number_verified: bool | None = None
    custom_data: Any = None
    identities: dict[str, UserIdentity] | None = None
    """Social identities by target: `{"discord": UserIdentity(...)}`."""
    organizations: list[str] | None = None
    """Ids of the organizations of the user."""
    organization_roles: list[str] | None = None
    """Each as `<organization id>:<role name>`."""
