"""Signing keys. `private_key` is sealed; `id` is the kid, an RFC 7638 thumbprint."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, String, Text

from doorward.storage import Json, Timestamp, tenant_table

signing_keys = tenant_table(
    "signing_keys",
    Column("id", String(64), nullable=False),
    Column("algorithm", String(8), nullable=False),
    Column("status", String(8), nullable=False),
    Column("private_key", Text, nullable=False),
    Column("public_jwk", Json, nullable=False),
    Column("created_at", Timestamp, nullable=False),
)


class StoredKey(msgspec.Struct, frozen=True):
    """A row of signing_keys."""

    id: str
    algorithm: str
    status: str
    private_key: str
    public_jwk: dict[str, Any]
    created_at: datetime
