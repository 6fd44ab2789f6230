"""The tenants table. It stands here because every other table refers to it and because
`config_version` is what snapshots are made of; its rules are in the `tenants` slice."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from doorward.storage.schema import Timestamp, metadata

tenants = Table(
    "tenants",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("tag", String(64), nullable=False),
    Column("is_suspended", Boolean, nullable=False),
    Column("config_version", BigInteger, nullable=False),
    Column("created_at", Timestamp, nullable=False),
)
