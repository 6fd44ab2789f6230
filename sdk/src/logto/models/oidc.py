"""Names and claims of OpenID Connect, as the server spells them."""

from __future__ import annotations

from enum import Enum, StrEnum

from pydantic import BaseModel, ConfigDict, Field


class OidcProviderMetadata(BaseModel):
    """The discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2)."""

    model_config = ConfigDict(extra="allow")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    registration_endpoint: str | None = None
    scopes_supported: list[str] = []
    response_types_supported: list[str]
    response_modes_supported: list[str] = []
    grant_types_supported: list[str] = []
    acr_values_supported: list[str] = []
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    id_token_encryption_alg_values_supported: list[str] = []
    id_token_encryption_enc_values_supported: list[str] = []
    userinfo_signing_alg_values_supported: list[str] = []
    userinfo_encryption_alg_values_supported: list[str] = []
    userinfo_encryption_enc_values_supported: list[str] = []
    request_object_signing_alg_values_supported: list[str] = []
    request_object_encryption_alg_values_supported: list[str] = []
    request_object_encryption_enc_values_supported: list[str] = []
    token_endpoint_auth_methods_supported: list[str] = []
    token_endpoint_auth_signing_alg_values_supported: list[str] = []
    display_values_supported: list[str] = []
    claim_types_supported: list[str] = []
    claims_supported: list[str] = []
    service_documentation: str | None = None
    claims_locales_supported: list[str] = []
    ui_locales_supported: list[str] = []
    claims_parameter_supported: bool = False
    request_parameter_supported: bool = False
    request_uri_parameter_supported: bool = True
    require_request_uri_registration: bool = False
    op_policy_uri: str | None = None
    op_tos_uri: str | None = None
    end_session_endpoint: str | None = None
    revocation_endpoint: str | None = None
    code_challenge_methods_supported: list[str] = []
    authorization_response_iss_parameter_supported: bool = False


class Scope(Enum):
    """What the enums of scopes have in common."""


class OAuthScope(Scope):
    """Scopes that ask for tokens, not for claims."""

    offlineAccess = "offline_access"


class UserInfoScope(Scope):
    """Scopes that ask for claims about the user."""

    openid = "openid"
    """Claim `sub`."""
    profile = "profile"
    """Claims `name`, `username`, `picture` and the rest of the profile."""
    email = "email"
    """Claims `email` and `email_verified`."""
    phone = "phone"
    """Claims `phone_number` and `phone_number_verified`."""
    customData = "custom_data"
    """Claim `custom_data`; in userinfo, not in the ID token by default."""
    custom_data = "custom_data"
    identities = "identities"
    """Claims `identities` and `sso_identities`; in userinfo, not in the ID token by default."""
    roles = "roles"
    """Claim `roles`: names of the user's roles."""
    organizations = "urn:logto:scope:organizations"
    """Claim `organizations`, and the right to ask for organization tokens."""
    organization_roles = "urn:logto:scope:organization_roles"
    """Claim `organization_roles`."""


class ReservedResource(Enum):
    """Resource indicators that the server itself defines."""

    organizations = "urn:logto:resource:organizations"
    """Stands for every organization; its scopes are the organization permissions."""


class FirstScreen(StrEnum):
    """The page that a sign-in starts on. Plain strings are accepted too."""

    sign_in = "sign_in"
    register = "register"
    reset_password = "reset_password"  # noqa: S105 (a page, not a password)
    identifier_sign_in = "identifier:sign_in"
    identifier_register = "identifier:register"
    single_sign_on = "single_sign_on"


class Identifier(StrEnum):
    """What users may be asked to name themselves by, on the `identifier:*` pages."""

    username = "username"
    email = "email"
    phone = "phone"


class DirectSignInOptionMethod(StrEnum):
    """Ways to sign in that can be entered without a page of choices before."""

    social = "social"
    sso = "sso"


class DirectSignInOption(BaseModel):
    """One way to sign in, entered at once: a social provider, or an enterprise connector.

    >>> str(DirectSignInOption(method=DirectSignInOptionMethod.social, target="discord"))
    'social:discord'
    """

    method: DirectSignInOptionMethod
    target: str = Field(min_length=1)
    """The target of a social connector (`discord`), or the id of an enterprise connector."""

    def __str__(self) -> str:
        return f"{self.method}:{self.target}"


class IdTokenClaims(BaseModel):
    """Claims of an ID token. Those without a field here are attributes as well.

    >>> claims = IdTokenClaims(
    ...     iss="http://localhost:3001/oidc", sub="u1", aud="app", exp=1, iat=0, locale="en"
    ... )
    >>> claims.sub, claims.name, claims.locale
    ('u1', None, 'en')
    """

    model_config = ConfigDict(extra="allow")

    iss: str
    """Issuer: the `/oidc` URL of the server."""
    sub: str
    """Id of the user."""
    aud: str | list[str]
    """Id of the application."""
    exp: int
    """Expiry, in seconds since the epoch."""
    iat: int
    """Time of issue, in seconds since the epoch."""
    at_hash: str | None = None
    name: str | None = None
    username: str | None = None
    picture: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    phone_number: str | None = None
    phone_number_verified: bool | None = None
    organizations: list[str] | None = None
    """Ids of the organizations of the user."""
    organization_roles: list[str] | None = None
    """Each as `<organization id>:<role name>`."""


class AccessTokenClaims(BaseModel):
    """Claims of a JWT access token (RFC 9068 section 2.2)."""

    model_config = ConfigDict(extra="allow")

    iss: str
    sub: str
    """Id of the user, or of the application when no user is involved."""
    aud: str | list[str]
    """The resource indicator, or `urn:logto:organization:<id>`."""
    exp: int
    """Expiry, in seconds since the epoch."""
    iat: int
    """Time of issue, in seconds since the epoch."""
    scope: str = ""
    """Granted scopes, separated by spaces."""
    client_id: str | None = None
    """Id of the application that the token was issued to."""

    @property
    def scopes(self) -> frozenset[str]:
        """The granted scopes, one by one."""
        return frozenset(self.scope.split())
