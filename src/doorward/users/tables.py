"""Users and their social identities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String, Text, func

from doorward.storage import Json, Timestamp, tenant_table

users = tenant_table(
    "users",
    Column("id", String(21), nullable=False),
    Column("username", String(128)),
    Column("primary_email", String(128)),
    Column("primary_phone", String(128)),
    Column("password_digest", Text),
    Column("password_algorithm", String(16)),
    Column("password_updated_at", Timestamp),
    Column("is_password_expired", Boolean, nullable=False),
    Column("name", String(128)),
    Column("avatar", String(2048)),
    Column("profile", Json, nullable=False),
    Column("custom_data", Json, nullable=False),
    Column("application_id", String(21)),
    Column("is_suspended", Boolean, nullable=False),
    Column("last_sign_in_at", Timestamp),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
)
Index("uq_users_username", users.c.tenant_id, users.c.username, unique=True)
Index("ix_users_username_folded", users.c.tenant_id, func.lower(users.c.username))
Index("uq_users_primary_email", users.c.tenant_id, func.lower(users.c.primary_email), unique=True)
Index("uq_users_primary_phone", users.c.tenant_id, users.c.primary_phone, unique=True)
Index("ix_users_created_at", users.c.tenant_id, users.c.created_at)

user_identities = tenant_table(
    "user_identities",
    Column("user_id", String(21), nullable=False),
    Column("target", String(128), nullable=False),
    Column("identity_id", String(256), nullable=False),
    Column("details", Json, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
    primary_key=("user_id", "target"),
)
Index(
    "uq_user_identities_identity",
    user_identities.c.tenant_id,
    user_identities.c.target,
    user_identities.c.identity_id,
    unique=True,
)


class User(msgspec.Struct, frozen=True):
    """A row of users."""

    id: str
    username: str | None
    primary_email: str | None
    primary_phone: str | None
    password_digest: str | None
    password_algorithm: str | None
    password_updated_at: datetime | None
    is_password_expired: bool
    name: str | None
    avatar: str | None
    profile: dict[str, Any]
    custom_data: dict[str, Any]
    application_id: str | None
    is_suspended: bool
    last_sign_in_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def has_password(self) -> bool:
        """Whether a password is set."""
        return self.password_digest is not None


class Identity(msgspec.Struct, frozen=True):
    """A social identity of a user: `identity_id` is the provider's id of the person."""

    user_id: str
    target: str
    identity_id: str
    details: dict[str, Any]
    created_at: datetime
