"""Signing keys, and how often a tenant wants new ones. `private_key` is sealed; `id` is the kid, an
RFC 7638 thumbprint.

    active_from ──── signs ────► active_until ──── verifies, published ────► retires_at

A key set is a line of keys that follow each other: `default`, or an algorithm that some application
asks for. `active_until` is when the schedule wants a successor and, once there is one, when that
one took or takes over; only then there is a `retires_at`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Index, String, Text

from doorward.storage import Json, Timestamp, tenant_table

signing_keys = tenant_table(
    "signing_keys",
    Column("id", String(64), nullable=False),
    Column("key_set", String(8), nullable=False),
    Column("algorithm", String(8), nullable=False),
    Column("private_key", Text, nullable=False),
    Column("public_jwk", Json, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("active_from", Timestamp, nullable=False),
    Column("active_until", Timestamp),
    Column("retires_at", Timestamp),
)
Index("ix_signing_keys_active_until", signing_keys.c.active_until)

key_policies = tenant_table(
    "key_policies",
    Column("rotation_period_in_days", BigInteger, nullable=False),
    Column("algorithms", Json, nullable=False),
    primary_key=(),
)


class StoredKey(msgspec.Struct, frozen=True):
    """A row of signing_keys."""

    id: str
    key_set: str
    algorithm: str
    private_key: str
    public_jwk: dict[str, Any]
    created_at: datetime
    active_from: datetime
    active_until: datetime | None
    retires_at: datetime | None


class KeyPolicy(msgspec.Struct, frozen=True):
    """A row of key_policies, or what holds without one. 0 days: keys change by hand only;
    `algorithms` have keys of their own before the first application asks for them."""

    rotation_period_in_days: int = 90
    algorithms: tuple[str, ...] = ()
