"""Social identities as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from doorward.connectors.cached import ConfiguredConnector, list_social_connectors
from doorward.connectors.registry import connector_factories
from doorward.connectors.views import logo_url
from doorward.console.console import Console
from doorward.storage import Snapshot
from doorward.users.tables import Identity

_SHOWN = ("name", "email")


class Providers(msgspec.Struct, frozen=True):
    """Names and logos of targets: of connectors that are set up, else of those that could be."""

    console: Console
    configured: Mapping[str, ConfiguredConnector]

    def head(self, target: str) -> dict[str, Any]:
        """Return name and logo of a target; one that nobody knows is shown by its own name."""
        found = self.configured.get(target)
        if found is not None:
            return {"name": found.name, "logo_url": self._url(found.logo)}
        for factory in connector_factories().values():
            if factory.metadata.target == target:
                metadata = factory.metadata
                return {"name": metadata.name, "logo_url": self._url(metadata.logo)}
        return {"name": target, "logo_url": None}

    def _url(self, logo: str) -> str:
        return logo_url(logo, static=self.console.static)


async def known_providers(console: Console, snapshot: Snapshot) -> Providers:
    """Return the providers of a tenant."""
    configured = await list_social_connectors(snapshot, sealer=console.sealer)
    return Providers(
        console=console, configured={connector.target: connector for connector in configured}
    )


def identity_rows(
    console: Console, identities: Iterable[Identity], providers: Providers
) -> list[dict[str, Any]]:
    """Return the identities of one user."""
    rows = []
    for identity in identities:
        found = providers.configured.get(identity.target)
        details = [
            (console.text(f"user.identity_{key}"), str(identity.details[key]))
            for key in _SHOWN
            if identity.details.get(key)
        ]
        rows.append(
            {
                **providers.head(identity.target),
                "target": identity.target,
                "user_id": identity.identity_id,
                "details": details,
                "connector_id": found.id if found else None,
            }
        )
    return rows
