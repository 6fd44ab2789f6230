"""Applications as the token server sees them: parsed once per configuration snapshot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from doorward.applications import store
from doorward.applications.metadata import ClientMetadata
from doorward.applications.tables import Application
from doorward.applications.types import (
    ApplicationType,
    AuthMethod,
    auth_method,
    grant_types,
    has_secrets,
)
from doorward.storage import Snapshot

DEFAULT_ID_TOKEN_LIFETIME = 3600
DEFAULT_REFRESH_TOKEN_DAYS = 14


class ClientSecret(msgspec.Struct, frozen=True):
    """A secret as it is compared: by its keyed hash, or opened where it is a key itself."""

    value_hash: str
    expires_at: datetime | None
    sealed: str


class Client(msgspec.Struct, frozen=True):
    """An OAuth client. `is_public`: it cannot prove who it is; lifetimes are timedeltas; `metadata`
    holds what only some clients say of themselves."""

    id: str
    name: str
    type: str
    auth_method: AuthMethod
    is_public: bool
    is_third_party: bool
    grant_types: tuple[str, ...]
    secrets: tuple[ClientSecret, ...]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    cors_allowed_origins: tuple[str, ...]
    id_token_lifetime: timedelta
    refresh_token_lifetime: timedelta
    is_rotating: bool
    always_issues_refresh_token: bool
    logo_uri: str | None
    requires_pkce: bool
    metadata: ClientMetadata
    max_allowed_grants: int | None = None

    @property
    def is_hardened(self) -> bool:
        """Whether the client asked for what only the profiles of FAPI 2.0 demand, so that habits of
        older clients are not tolerated from it."""
        metadata = self.metadata
        return (
            metadata.require_pushed_authorization_requests
            or metadata.require_signed_request_object
            or metadata.dpop_bound_access_tokens
            or metadata.tls_client_certificate_bound_access_tokens
        )

    @property
    def is_native(self) -> bool:
        """Whether the loopback rule of RFC 8252 section 7.3 applies."""
        return self.type == ApplicationType.NATIVE

    @property
    def document_host(self) -> str | None:
        """The host of its client id metadata document, in ASCII: what a person can judge it by."""
        return urlsplit(self.id).netloc if self.id.startswith("https://") else None

    @property
    def is_unproven(self) -> bool:
        """Whether an earlier consent says nothing about who asks this time."""
        return self.is_native or self.document_host is not None

    @property
    def is_single_page(self) -> bool:
        """Whether this is a browser application, whose refresh tokens do not slide."""
        return self.type == ApplicationType.SPA


async def find_client(snapshot: Snapshot, client_id: str) -> Client | None:
    """Return the client with this id."""

    async def load() -> Client | None:
        tenant_id = snapshot.tenant_id
        application = await store.find_application(
            snapshot.db, tenant_id=tenant_id, application_id=client_id
        )
        if application is None:
            return None
        secrets = (
            await store.list_secrets(snapshot.db, tenant_id=tenant_id, application_id=client_id)
            if has_secrets(application.type)
            else []
        )
        return client_of(
            application,
            tuple(
                ClientSecret(value_hash=s.value_hash, expires_at=s.expires_at, sealed=s.value)
                for s in secrets
            ),
        )

    return await snapshot.get(("client", client_id), load)


def client_of(application: Application, secrets: tuple[ClientSecret, ...]) -> Client:
    oidc, custom = application.oidc_client_metadata, application.custom_client_metadata
    metadata = msgspec.convert(oidc, ClientMetadata)
    method = auth_method(application.type, registered=metadata.token_endpoint_auth_method)
    return Client(
        id=application.id,
        name=application.name,
        type=application.type,
        auth_method=method,
        is_public=method == AuthMethod.NONE,
        is_third_party=application.is_third_party,
        grant_types=_grant_types(
            metadata,
            application.type,
            is_device_flow=custom.get("isDeviceFlow", False),
            # An application of a third party acts for those who consented, and for nobody else.
            allows_token_exchange=custom.get("allowTokenExchange", False)
            and not application.is_third_party,
        ),
        secrets=secrets,
        redirect_uris=tuple(oidc.get("redirectUris", ())),
        post_logout_redirect_uris=tuple(oidc.get("postLogoutRedirectUris", ())),
        cors_allowed_origins=tuple(custom.get("corsAllowedOrigins", ())),
        id_token_lifetime=timedelta(seconds=custom.get("idTokenTtl", DEFAULT_ID_TOKEN_LIFETIME)),
        refresh_token_lifetime=_refresh_token_lifetime(custom),
        is_rotating=custom.get("rotateRefreshToken", True),
        always_issues_refresh_token=custom.get("alwaysIssueRefreshToken", False),
        logo_uri=oidc.get("logoUri"),
        requires_pkce=not has_secrets(application.type) or custom.get("requirePkce", False),
        metadata=metadata,
        max_allowed_grants=custom.get("maxAllowedGrants"),
    )


def _grant_types(metadata: ClientMetadata, type_: str, **switches: bool) -> tuple[str, ...]:
    """Return the grants of the application's type, fewer if it registered for fewer."""
    grants = grant_types(type_, **switches)
    registered = metadata.grant_types
    return tuple(name for name in grants if name in registered) if registered else grants


def _refresh_token_lifetime(custom: dict[str, Any]) -> timedelta:
    if days := custom.get("refreshTokenTtlInDays"):
        return timedelta(days=days)
    if seconds := custom.get("refreshTokenTtl"):
        return timedelta(seconds=seconds)
    return timedelta(days=DEFAULT_REFRESH_TOKEN_DAYS)
