"""RFC 7591 section 2 and its relatives: what a client says of itself, beyond what all clients have.

Stored in `applications.oidc_client_metadata` under the camelCase names of these fields, which are
the snake_case names that the specifications use. What a field may hold is checked when it is
stored; a client is parsed from it once for each configuration snapshot.
"""

from __future__ import annotations

from typing import Any

import msgspec

KEY_ENCRYPTIONS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW")
CONTENT_ENCRYPTIONS = ("A128CBC-HS256", "A256GCM")
"""How the key and the content of an encrypted ID token may be encrypted (RFC 7518)."""


class ClientMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """None, () and False mean that the client did not say, so that the default applies."""

    # RFC 7591 section 2: who it is.
    client_uri: str | None = None
    contacts: tuple[str, ...] = ()
    tos_uri: str | None = None
    policy_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None

    # Flows. An empty tuple stands for the defaults of the application's type.
    grant_types: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()

    # OpenID Connect Core section 9, RFC 7523, RFC 8705: how it proves who it is.
    token_endpoint_auth_method: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None

    # RFC 9449 section 5.2 and RFC 8705 section 3.4: to whom its tokens are bound.
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False

    # RFC 9126 section 6, RFC 9101 section 10.5, OpenID Connect Core section 6: its requests.
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: str | None = None
    request_uris: tuple[str, ...] = ()
    authorization_details_types: tuple[str, ...] = ()
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str | None = None

    # What it gets: OpenID Connect Core section 2, RFC 9701, JARM section 3.
    subject_type: str | None = None
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str | None = None
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    introspection_signed_response_alg: str | None = None
    authorization_signed_response_alg: str | None = None

    # OpenID Connect Back-Channel and Front-Channel Logout.
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
