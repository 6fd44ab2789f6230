"""Pushed authorization requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Index, String

from doorward.storage import ClientId, Json, Timestamp, tenant_table

pushed_requests = tenant_table(
    "pushed_requests",
    Column("id_hash", String(64), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("params", Json, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("kept_until", Timestamp, nullable=False),
    primary_key=("id_hash",),
)
Index("ix_pushed_requests_kept_until", pushed_requests.c.kept_until)


class PushedRequest(msgspec.Struct, frozen=True):
    """A row of pushed_requests. `params` are the parameters that were checked when it was pushed.

    From `expires_at` on it is not found any more; `kept_until` is later when somebody is signing in
    for it, whose answer has to consume the row.
    """

    id_hash: str
    client_id: str
    params: dict[str, Any]
    expires_at: datetime
    kept_until: datetime
