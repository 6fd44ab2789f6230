"""Interactions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Index, String

from doorward.storage import ClientId, Json, Timestamp, tenant_table

interactions = tenant_table(
    "interactions",
    Column("id_hash", String(64), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("params", Json, nullable=False),
    Column("event", String(32)),
    Column("state", Json, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("user_id", String(21)),
    Column("authenticated_at", Timestamp),
    Column("amr", Json),
    Column("session_id", String(21)),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    primary_key=("id_hash",),
)
Index("ix_interactions_expires_at", interactions.c.expires_at)


class Interaction(msgspec.Struct, frozen=True):
    """A row of interactions.

    `params` are the validated parameters of the authorization request, as sent. `event` is
    SignIn, Register, ForgotPassword, or Consent, whose interactions have a user from the start and
    keep the answer in `state`. Otherwise `state` is the flow's own (surface `sign_in`). `user_id`,
    `authenticated_at` and `amr` are set when sign-in is complete. `session_id` is the session the
    browser had when the request arrived, if any.
    """

    id_hash: str
    client_id: str
    params: dict[str, Any]
    event: str | None
    state: dict[str, Any]
    version: int
    user_id: str | None
    authenticated_at: datetime | None
    amr: list[str] | None
    session_id: str | None
    created_at: datetime
    expires_at: datetime
