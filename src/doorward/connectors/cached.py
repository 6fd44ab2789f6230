"""Configured social connectors, from the tenant's configuration snapshot.

Which of them a sign-in page offers, and in which order, is the sign-in experience's
`socialSignInConnectorTargets`; this module only finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from doorward.connectors import store
from doorward.connectors.protocol import ConnectorType, SocialConnector
from doorward.connectors.registry import find_connector_factory
from doorward.kit.crypto import Sealer
from doorward.storage import Snapshot


class ConfiguredConnector(msgspec.Struct, frozen=True, kw_only=True):
    """A social connector with its configuration, ready for use.

    `logo` and `logo_dark` are static files of ours ("logos/discord.svg"), or URLs.
    """

    id: str
    connector: SocialConnector
    config: Mapping[str, Any]
    target: str
    name: str
    logo: str
    logo_dark: str | None
    sync_profile: bool

    def __repr__(self) -> str:
        return f"ConfiguredConnector(id={self.id!r}, target={self.target!r})"


async def list_social_connectors(
    snapshot: Snapshot, *, sealer: Sealer
) -> tuple[ConfiguredConnector, ...]:
    """Return every configured social connector of the tenant."""

    async def load() -> tuple[ConfiguredConnector, ...]:
        rows = await store.list_connectors(snapshot.db, tenant_id=snapshot.tenant_id, sealer=sealer)
        found = [_configure(row) for row in rows]
        return tuple(connector for connector in found if connector is not None)

    return await snapshot.get("social_connectors", load)


async def find_social_connector(
    snapshot: Snapshot, target: str, *, sealer: Sealer
) -> ConfiguredConnector | None:
    """Return the connector of a target ("discord"), or None."""
    for connector in await list_social_connectors(snapshot, sealer=sealer):
        if connector.target == target:
            return connector
    return None


async def find_social_connector_by_id(
    snapshot: Snapshot, connector_id: str, *, sealer: Sealer
) -> ConfiguredConnector | None:
    """Return the connector with this instance id, or None."""
    for connector in await list_social_connectors(snapshot, sealer=sealer):
        if connector.id == connector_id:
            return connector
    return None


def callback_url(endpoint: str, connector_id: str) -> str:
    """Return the redirect URI of a connector, which the provider must know."""
    return f"{endpoint}/callback/{connector_id}"


def _configure(row: store.Connector) -> ConfiguredConnector | None:
    """Return None for a row whose connector is not installed (any more) or is no social one."""
    connector = find_connector_factory(row.factory_id)
    if connector is None or connector.metadata.type is not ConnectorType.SOCIAL:
        return None
    metadata = connector.metadata
    return ConfiguredConnector(
        id=row.id,
        connector=connector,
        config=row.config,
        target=row.metadata.get("target") or metadata.target,
        name=row.metadata.get("name", {}).get("en") or metadata.name,
        logo=row.metadata.get("logo") or metadata.logo,
        logo_dark=row.metadata.get("logoDark") or metadata.logo_dark,
        sync_profile=row.sync_profile,
    )
