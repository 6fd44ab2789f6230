"""Small values of the protocol that applications import by name."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

OrganizationUrnPrefix = "urn:logto:organization:"


def urlsafeEncode(data: bytes) -> str:
    """Encode bytes as base64url without padding (RFC 7515 section 2).

    >>> urlsafeEncode(bytes([251, 255]))
    '-_8'
    """
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def removeFalsyKeys(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries whose value is truthy.

    >>> removeFalsyKeys({"resource": "", "scope": "openid"})
    {'scope': 'openid'}
    """
    return {key: value for key, value in data.items() if value}


def buildOrganizationUrn(organizationId: str) -> str:
    """Return the audience of an organization's tokens.

    >>> buildOrganizationUrn("org1")
    'urn:logto:organization:org1'
    """
    return f"{OrganizationUrnPrefix}{organizationId}"
