"""Sectors of pairwise subject identifiers (OpenID Connect Core section 8.1).

The applications of one sector see the same identifier of a person, those of another see another.
Changing the sector of an application would turn all its users into strangers, so it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from doorward.management.body import custom_issue, invalid_input

PAIRWISE = "pairwise"


def find_sector(redirect_uris: Iterable[str], *, sector_identifier_uri: str | None) -> str | None:
    """Return the host that stands for an application, or None when there is not exactly one."""
    if sector_identifier_uri is not None:
        return _host(sector_identifier_uri)
    hosts = {_host(uri) for uri in redirect_uris}
    return hosts.pop() if len(hosts) == 1 else None


def check_sector(metadata: Mapping[str, Any], *, before: Mapping[str, Any] | None = None) -> None:
    """Check that `oidcClientMetadata` with pairwise subjects names one sector, and the same as
    `before`, if subjects were pairwise then.

    Raises:
        RequestError: 400 guard.invalid_input.
    """
    if metadata.get("subjectType") != PAIRWISE:
        return
    # OpenID Connect Core section 8.1: several hosts MUST have a sector_identifier_uri.
    sector = _sector_of(metadata)
    if sector is None:
        raise _refusal(
            "sectorIdentifierUri", "is needed, since the redirect URIs do not have one host"
        )
    if before is None or before.get("subjectType") != PAIRWISE:
        return
    if sector != _sector_of(before):
        raise _refusal(
            "subjectType", "pairwise subjects would change with the host of the application"
        )


def _sector_of(metadata: Mapping[str, Any]) -> str | None:
    return find_sector(
        metadata.get("redirectUris", ()),
        sector_identifier_uri=metadata.get("sectorIdentifierUri"),
    )


def _host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _refusal(member: str, message: str) -> Exception:
    return invalid_input("body", issues=[custom_issue(f"oidcClientMetadata.{member}", message)])
