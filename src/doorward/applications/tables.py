"""Applications and their named secrets.

A secret is shown again by the API, so `value` is sealed; it is found at the token endpoint by
`value_hash`, a keyed hash, so that no request opens a seal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String, Text

from doorward.storage import Json, Timestamp, tenant_table

applications = tenant_table(
    "applications",
    Column("id", String(21), nullable=False),
    Column("name", String(256), nullable=False),
    Column("description", Text),
    Column("type", String(32), nullable=False),
    Column("oidc_client_metadata", Json, nullable=False),
    Column("custom_client_metadata", Json, nullable=False),
    Column("custom_data", Json, nullable=False),
    Column("is_third_party", Boolean, nullable=False),
    Column("created_at", Timestamp, nullable=False),
)
Index("ix_applications_created_at", applications.c.tenant_id, applications.c.created_at)

application_secrets = tenant_table(
    "application_secrets",
    Column("application_id", String(21), nullable=False),
    Column("name", String(256), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_hash", String(64), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"],
        ["applications.tenant_id", "applications.id"],
        ondelete="CASCADE",
    ),
    primary_key=("application_id", "name"),
)


class Application(msgspec.Struct, frozen=True):
    """A row of applications; the two metadata objects keep the wire's camelCase keys."""

    id: str
    name: str
    description: str | None
    type: str
    oidc_client_metadata: dict[str, Any]
    custom_client_metadata: dict[str, Any]
    custom_data: dict[str, Any]
    is_third_party: bool
    created_at: datetime


class ApplicationSecret(msgspec.Struct, frozen=True):
    """A row of application_secrets; `value` is sealed."""

    application_id: str
    name: str
    value: str
    value_hash: str
    created_at: datetime
    expires_at: datetime | None
