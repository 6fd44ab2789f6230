"""CIMD section 4: what a document says, and what it must not say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from doorward.applications.requested_metadata import MetadataError, parse_requested_client
from doorward.applications.tables import Application
from doorward.applications.types import WEB_GRANTS
from doorward.errors import DoorwardError

AUTH_METHODS = ("none", "private_key_jwt")

# Settings that an administrator makes for applications; in a document they are a mistake, or worse.
_FORBIDDEN = frozenset(
    {
        "alwaysIssueRefreshToken",
        "allowTokenExchange",
        "appLevelAccessControlEnabled",
        "corsAllowedOrigins",
        "idTokenTtl",
        "isDeviceFlow",
        "maxAllowedGrants",
        "refreshTokenTtl",
        "refreshTokenTtlInDays",
        "requirePkce",
        "rotateRefreshToken",
        "tenantId",
        # CIMD section 4.1: nothing can be a secret that everybody can read.
        "client_secret",
        "client_secret_expires_at",
    }
)
# The document may say more; what its author cannot have asked us about does not count.
_TAKEN = frozenset(
    {
        "application_type",
        "client_name",
        "client_uri",
        "contacts",
        "default_max_age",
        "dpop_bound_access_tokens",
        "jwks",
        "jwks_uri",
        "logo_uri",
        "policy_uri",
        "post_logout_redirect_uris",
        "redirect_uris",
        "require_auth_time",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
        "request_object_signing_alg",
        "software_id",
        "software_version",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "tos_uri",
    }
)


class DocumentError(DoorwardError):
    """A document that cannot be had or used; the text is for the developer of the client."""


def parse_document(members: Any, *, client_id: str, now: datetime) -> Application:
    """Return the application that a document describes; it has no row.

    Raises:
        DocumentError: the document is not one, or not of this client.
    """
    # 1. An object that says it is of this very URL, character by character (section 4).
    if not isinstance(members, dict):
        raise DocumentError("it is not a JSON object")
    if members.get("client_id") != client_id:
        raise DocumentError("its client_id is not the URL that it is at")

    # 2. What it must not hold.
    if forbidden := sorted(_FORBIDDEN.intersection(members)):
        raise DocumentError(f"it must not hold {', '.join(forbidden)}")
    # Section 4.1: a method that needs a shared secret is no method here.
    method = members.get("token_endpoint_auth_method", "none")
    if method not in AUTH_METHODS:
        raise DocumentError("its token_endpoint_auth_method must be none or private_key_jwt")

    # 3. The rest by the rules of registration, the flows as we set them.
    try:
        client = parse_requested_client(_taken(members, method=method))
    except MetadataError as error:
        raise DocumentError(str(error)) from error
    return Application(
        id=client_id,
        name=client.name or urlsplit(client_id).hostname or client_id,
        description=None,
        type=client.type,
        oidc_client_metadata=client.oidc_client_metadata,
        custom_client_metadata={"requirePkce": True},
        custom_data={},
        is_third_party=True,
        created_at=now,
    )


def _taken(members: Mapping[str, Any], *, method: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name in _TAKEN} | {
        "token_endpoint_auth_method": method,
        "grant_types": list(WEB_GRANTS),
        "response_types": ["code"],
    }
