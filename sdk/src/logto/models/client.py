"""How a client is set up, and what it keeps."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

from .oidc import Scope

InteractionMode = Literal["signIn", "signUp"]
"""The page that a sign-in starts on, in the older spelling; see `FirstScreen` for the newer."""


class LogtoConfig(BaseModel):
    """The server and the application that a client speaks for. Its repr hides the secret.

    >>> LogtoConfig(endpoint="http://localhost:3001/", appId="app").endpoint
    'http://localhost:3001'
    """

    endpoint: str
    """Where the server is: `http://localhost:3001`, `https://auth.example.com`."""
    appId: str
    """App ID, from the application's page in the console."""
    appSecret: str | None = Field(default=None, repr=False)
    """App secret, from the same page. Single-page and native applications have none."""
    prompt: Literal["consent", "login"] = "consent"
    """`consent` lets a user who is signed in elsewhere pass, and gives a refresh token; `login`
    always asks for credentials, and gives no refresh token."""
    resources: list[str] = []
    """Indicators of the API resources that access tokens are wanted for."""
    scopes: list[str | Scope] = []
    """Scopes besides `openid`, `offline_access` and `profile`. They apply to every resource."""

    @field_validator("endpoint")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("the endpoint must begin with http:// or https://")
        return value.rstrip("/")


class SignInSession(BaseModel):
    """What a sign-in must remember between the redirect and the callback."""

    redirectUri: str
    codeVerifier: str = Field(repr=False)
    """The secret half of PKCE. RFC 7636 section 4.1"""
    state: str
    """Binds the answer to this browser. RFC 6749 section 10.12"""
    nonce: str | None = None
    """Binds the ID token to this sign-in. OpenID Connect Core section 3.1.2.1"""


class AccessToken(BaseModel):
    """An access token in store."""

    token: str = Field(repr=False)
    expiresAt: int
    """When to stop using it, in seconds since the epoch: somewhat before it expires."""


class AccessTokenMap(BaseModel):
    """The access tokens of a user, by resource; `""` is the token for userinfo."""

    x: dict[str, AccessToken]
