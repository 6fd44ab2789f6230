"""Configured connector instances; `config` is a sealed JSON object, it holds client secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, String, Text

from doorward.storage import Json, Timestamp, tenant_table

connectors = tenant_table(
    "connectors",
    Column("id", String(128), nullable=False),
    Column("connector_id", String(128), nullable=False),
    Column("config", Text, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("sync_profile", Boolean, nullable=False),
    Column("enable_token_storage", Boolean, nullable=False),
    Column("created_at", Timestamp, nullable=False),
)


class StoredConnector(msgspec.Struct, frozen=True):
    """A row of connectors; `connector_id` names the factory, for example "discord-universal"."""

    id: str
    connector_id: str
    config: str
    metadata: dict[str, Any]
    sync_profile: bool
    enable_token_storage: bool
    created_at: datetime
