"""Tables of the tenants slice; the tenants table itself is in `storage/tenants.py`."""

from __future__ import annotations

from sqlalchemy import Column, String

from doorward.storage import Json, Timestamp, tenant_table

configs = tenant_table(
    "configs",
    Column("key", String(256), nullable=False),
    Column("value", Json, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    primary_key=("key",),
)
