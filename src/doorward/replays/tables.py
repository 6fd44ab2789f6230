"""Values that were presented, until they expire."""

from __future__ import annotations

from sqlalchemy import Column, Index, String

from doorward.storage import Timestamp, tenant_table

replays = tenant_table(
    "replays",
    Column("purpose", String(32), nullable=False),
    Column("value_hash", String(64), nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    primary_key=("purpose", "value_hash"),
)
Index("ix_replays_expires_at", replays.c.expires_at)
