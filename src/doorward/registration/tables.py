"""Initial access tokens, and what is known of a registered client beside its application. Both
kinds of token are stored as hashes only."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, String

from doorward.storage import Timestamp, tenant_table

initial_access_tokens = tenant_table(
    "initial_access_tokens",
    Column("id", String(21), nullable=False),
    Column("name", String(256), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("remaining_uses", BigInteger),
    Column("expires_at", Timestamp),
    Column("created_at", Timestamp, nullable=False),
)
Index(
    "uq_initial_access_tokens_token_hash",
    initial_access_tokens.c.tenant_id,
    initial_access_tokens.c.token_hash,
    unique=True,
)
Index("ix_initial_access_tokens_expires_at", initial_access_tokens.c.expires_at)

registered_clients = tenant_table(
    "registered_clients",
    Column("application_id", String(21), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("registered_at", Timestamp, nullable=False),
    Column("look_at", Timestamp),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"],
        ["applications.tenant_id", "applications.id"],
        ondelete="CASCADE",
    ),
    primary_key=("application_id",),
)
Index("ix_registered_clients_look_at", registered_clients.c.look_at)


class InitialAccessToken(msgspec.Struct, frozen=True):
    """A row of initial_access_tokens. None: as often, or as long, as one likes."""

    id: str
    name: str
    token_hash: str
    remaining_uses: int | None
    expires_at: datetime | None
    created_at: datetime


class RegisteredClient(msgspec.Struct, frozen=True):
    """A row of registered_clients. `look_at` is when somebody looks whether it is still used."""

    application_id: str
    token_hash: str
    registered_at: datetime
    look_at: datetime | None


class Overdue(msgspec.Struct, frozen=True):
    """A registered client to look at."""

    tenant_id: str
    application_id: str
