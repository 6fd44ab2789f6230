"""Applications and their secrets on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from doorward.applications.store import SEAL_PURPOSE
from doorward.applications.tables import Application, ApplicationSecret
from doorward.applications.types import AuthMethod
from doorward.kit.clock import to_milliseconds
from doorward.kit.crypto import Sealer
from doorward.management.body import Body, JsonObject, Milliseconds, Seconds, View

Type = Literal["Native", "SPA", "Traditional", "MachineToMachine", "Protected", "SAML"]
# Accepted so that each gets the refusal of its own; described are the types that can be made.
CreatableType = Annotated[
    Type,
    Meta(
        extra_json_schema={"extra": {"enum": ["Native", "SPA", "Traditional", "MachineToMachine"]}}
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Description = Annotated[str, Meta(max_length=65_536)]
Uri = Annotated[str, Meta(min_length=1, max_length=2048)]
Uris = Annotated[list[Uri], Meta(max_length=256)]
WebAddress = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+([/?#]\S*)?$", max_length=2048)]


Text = Annotated[str, Meta(min_length=1, max_length=256)]
Texts = Annotated[list[Text], Meta(max_length=20)]
ResponseType = Literal[
    "code",
    "none",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
]
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"]
ClientAlgorithm = Literal["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519"]
AssertionAlgorithm = Literal[
    "HS256", "ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519"
]
KeyEncryption = Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"]
ContentEncryption = Literal["A128CBC-HS256", "A256GCM"]


class OidcClientMetadata(Body, omit_defaults=True):
    """Where the application lives, and what else it says of itself: the members of RFC 7591 section
    2 and its relatives, in camelCase. Redirect URIs are matched exactly."""

    redirect_uris: Uris
    post_logout_redirect_uris: Uris
    backchannel_logout_uri: WebAddress | UnsetType = UNSET
    backchannel_logout_session_required: bool | UnsetType = UNSET
    frontchannel_logout_uri: WebAddress | UnsetType = UNSET
    frontchannel_logout_session_required: bool | UnsetType = UNSET
    logo_uri: WebAddress | UnsetType = UNSET
    client_uri: WebAddress | UnsetType = UNSET
    contacts: Texts | UnsetType = UNSET
    tos_uri: WebAddress | UnsetType = UNSET
    policy_uri: WebAddress | UnsetType = UNSET
    software_id: Text | UnsetType = UNSET
    software_version: Text | UnsetType = UNSET
    grant_types: Annotated[list[GrantType], Meta(max_length=5)] | UnsetType = UNSET
    response_types: Annotated[list[ResponseType], Meta(max_length=7)] | UnsetType = UNSET
    token_endpoint_auth_method: AuthMethod | UnsetType = UNSET
    token_endpoint_auth_signing_alg: AssertionAlgorithm | UnsetType = UNSET
    jwks: JsonObject | UnsetType = UNSET
    jwks_uri: Uri | UnsetType = UNSET
    tls_client_auth_subject_dn: Text | UnsetType = UNSET
    tls_client_auth_san_dns: Text | UnsetType = UNSET
    tls_client_auth_san_uri: Text | UnsetType = UNSET
    tls_client_auth_san_ip: Text | UnsetType = UNSET
    tls_client_auth_san_email: Text | UnsetType = UNSET
    dpop_bound_access_tokens: bool | UnsetType = UNSET
    tls_client_certificate_bound_access_tokens: bool | UnsetType = UNSET
    require_pushed_authorization_requests: bool | UnsetType = UNSET
    require_signed_request_object: bool | UnsetType = UNSET
    request_object_signing_alg: ClientAlgorithm | UnsetType = UNSET
    request_uris: Uris | UnsetType = UNSET
    authorization_details_types: Texts | UnsetType = UNSET
    default_max_age: Seconds | UnsetType = UNSET
    require_auth_time: bool | UnsetType = UNSET
    default_acr_values: Texts | UnsetType = UNSET
    initiate_login_uri: Uri | UnsetType = UNSET
    subject_type: Literal["public", "pairwise"] | UnsetType = UNSET
    sector_identifier_uri: Uri | UnsetType = UNSET
    id_token_signed_response_alg: Algorithm | UnsetType = UNSET
    id_token_encrypted_response_alg: KeyEncryption | UnsetType = UNSET
    id_token_encrypted_response_enc: ContentEncryption | UnsetType = UNSET
    userinfo_signed_response_alg: Algorithm | UnsetType = UNSET
    introspection_signed_response_alg: Algorithm | UnsetType = UNSET
    authorization_signed_response_alg: Algorithm | UnsetType = UNSET


class CustomClientMetadata(Body, omit_defaults=True):
    """Lifetimes (seconds) and switches of the application."""

    require_pkce: bool | UnsetType = UNSET
    cors_allowed_origins: Uris | UnsetType = UNSET
    id_token_ttl: Seconds | UnsetType = UNSET
    refresh_token_ttl: Seconds | UnsetType = UNSET
    refresh_token_ttl_in_days: Annotated[int, Meta(ge=1, le=180)] | UnsetType = UNSET
    tenant_id: Annotated[str, Meta(max_length=21)] | UnsetType = UNSET
    always_issue_refresh_token: bool | UnsetType = UNSET
    rotate_refresh_token: bool | UnsetType = UNSET
    allow_token_exchange: bool | UnsetType = UNSET
    is_device_flow: bool | UnsetType = UNSET
    max_allowed_grants: Annotated[int, Meta(ge=1, le=2_147_483_647)] | UnsetType = UNSET


class CreateApplication(Body):
    """A new application; its type and whether it is a third party's never change."""

    name: Name
    type: CreatableType
    description: Description | None = None
    oidc_client_metadata: OidcClientMetadata | UnsetType = UNSET
    custom_client_metadata: CustomClientMetadata | UnsetType = UNSET
    custom_data: JsonObject | UnsetType = UNSET
    is_third_party: bool = False


class UpdateApplication(Body):
    """What may change; a metadata object that is sent replaces the stored one whole."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    oidc_client_metadata: OidcClientMetadata | UnsetType = UNSET
    custom_client_metadata: CustomClientMetadata | UnsetType = UNSET
    custom_data: JsonObject | UnsetType = UNSET
    app_level_access_control_enabled: bool | UnsetType = UNSET
    is_admin: bool | UnsetType = UNSET


class CreateSecret(Body):
    """A new secret; `expiresAt` in milliseconds, null for never."""

    name: Name
    expires_at: Milliseconds | None = None


class RenameSecret(Body):
    """Another name for a secret."""

    name: Name


class ApplicationView(View):
    """An application. `isAdmin`: a machine with full access to the management API."""

    tenant_id: str
    id: str
    name: str
    description: str | None
    type: Type
    oidc_client_metadata: JsonObject
    custom_client_metadata: JsonObject
    protected_app_metadata: JsonObject | None
    custom_data: JsonObject
    is_third_party: bool
    app_level_access_control_enabled: bool
    created_at: int
    is_admin: bool | UnsetType = UNSET


class SecretView(View):
    """A secret with its value."""

    tenant_id: str
    application_id: str
    name: str
    value: str
    created_at: int
    expires_at: int | None


def view_application(tenant_id: str, application: Application) -> ApplicationView:
    """Return an application as the API shows it."""
    kind: Any = application.type
    return ApplicationView(
        tenant_id=tenant_id,
        id=application.id,
        name=application.name,
        description=application.description,
        type=kind,
        oidc_client_metadata=application.oidc_client_metadata,
        custom_client_metadata=application.custom_client_metadata,
        protected_app_metadata=None,
        custom_data=application.custom_data,
        is_third_party=application.is_third_party,
        app_level_access_control_enabled=False,
        created_at=to_milliseconds(application.created_at),
    )


def view_secret(tenant_id: str, secret: ApplicationSecret, *, sealer: Sealer) -> SecretView:
    """Return a secret as the API shows it, its value in clear."""
    return SecretView(
        tenant_id=tenant_id,
        application_id=secret.application_id,
        name=secret.name,
        value=sealer.unseal(secret.value, purpose=SEAL_PURPOSE),
        created_at=to_milliseconds(secret.created_at),
        expires_at=None if secret.expires_at is None else to_milliseconds(secret.expires_at),
    )
