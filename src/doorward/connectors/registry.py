"""The connectors this server knows: an explicit table, and the entry point group of others.

A package adds its own by an entry point of the group `doorward.connectors` that names an object
with the `SocialConnector` protocol. It cannot take the id of a built-in.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from doorward.connectors.protocol import SocialConnector
from doorward.connectors.social.discord import DISCORD
from doorward.errors import ConfigurationError

ENTRY_POINTS = "doorward.connectors"

BUILT_IN: tuple[SocialConnector, ...] = (DISCORD,)


def find_connector_factory(factory_id: str) -> SocialConnector | None:
    """Return the connector called `factory_id` ("discord-universal"), or None."""
    return connector_factories().get(factory_id)


@functools.cache
def connector_factories() -> Mapping[str, SocialConnector]:
    """Return every connector by id, built-ins first.

    Raises:
        ConfigurationError: an installed package offers an id that is taken.
    """
    table = {connector.metadata.id: connector for connector in BUILT_IN}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        connector: SocialConnector = point.load()
        if connector.metadata.id in table:
            raise ConfigurationError(f"two connectors are called {connector.metadata.id!r}")
        table[connector.metadata.id] = connector
    return MappingProxyType(table)
