"""API resources (indicator = audience of the token) and scopes."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Index, String, Text

from doorward.storage import Timestamp, tenant_table

resources = tenant_table(
    "resources",
    Column("id", String(21), nullable=False),
    Column("name", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("access_token_ttl", BigInteger, nullable=False),
)
Index("uq_resources_indicator", resources.c.tenant_id, resources.c.indicator, unique=True)

scopes = tenant_table(
    "scopes",
    Column("id", String(21), nullable=False),
    Column("resource_id", String(21), nullable=False),
    Column("name", String(256), nullable=False),
    Column("description", Text),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "resource_id"],
        ["resources.tenant_id", "resources.id"],
        ondelete="CASCADE",
    ),
)
Index("uq_scopes_name", scopes.c.tenant_id, scopes.c.resource_id, scopes.c.name, unique=True)


class Resource(msgspec.Struct, frozen=True):
    """A row of resources; `access_token_ttl` is in seconds."""

    id: str
    name: str
    indicator: str
    is_default: bool
    access_token_ttl: int


class Scope(msgspec.Struct, frozen=True):
    """A row of scopes."""

    id: str
    resource_id: str
    name: str
    description: str | None
    created_at: datetime
