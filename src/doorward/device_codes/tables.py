"""Device codes: what waits, for whom, and how fast it may ask."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Index, String, Text

from doorward.storage import Json, Timestamp, tenant_table


class Status(StrEnum):
    """What the person has said so far."""

    WAITING = "Waiting"
    APPROVED = "Approved"
    REFUSED = "Refused"


device_codes = tenant_table(
    "device_codes",
    Column("device_code_hash", String(64), nullable=False),
    Column("user_code_hash", String(64), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("scope", Text, nullable=False),
    Column("resources", Json, nullable=False),
    Column("hints", Json, nullable=False),
    Column("status", String(16), nullable=False),
    Column("user_id", String(21)),
    Column("session_id", String(21)),
    Column("authenticated_at", Timestamp),
    Column("amr", Json),
    Column("interval", BigInteger, nullable=False),
    Column("next_poll_at", Timestamp, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    primary_key=("device_code_hash",),
)
Index(
    "uq_device_codes_user_code_hash",
    device_codes.c.tenant_id,
    device_codes.c.user_code_hash,
    unique=True,
)
Index("ix_device_codes_expires_at", device_codes.c.expires_at)


class DeviceCode(msgspec.Struct, frozen=True):
    """A row of device_codes.

    `hints` are the parameters that choose the sign-in page. `interval` is in seconds; it grows when
    the device asks before `next_poll_at`. The four from `user_id` on are set by the approval.
    """

    device_code_hash: str
    user_code_hash: str
    client_id: str
    scope: str
    resources: list[str]
    hints: dict[str, Any]
    status: str
    user_id: str | None
    session_id: str | None
    authenticated_at: datetime | None
    amr: list[str] | None
    interval: int
    next_poll_at: datetime
    created_at: datetime
    expires_at: datetime
