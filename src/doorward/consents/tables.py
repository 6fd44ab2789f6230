"""Ceilings of applications, the one that clients with a client id metadata document have in common,
and consents of users.

A client is named by its id alone in `consents`: not every client is a row of `applications`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Column, ForeignKeyConstraint, Index, String

from doorward.storage import ClientId, Json, Timestamp, tenant_table


def _of_application() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "application_id"],
        ["applications.tenant_id", "applications.id"],
        ondelete="CASCADE",
    )


consent_user_scopes = tenant_table(
    "consent_user_scopes",
    Column("application_id", String(21), nullable=False),
    Column("user_scope", String(64), nullable=False),
    _of_application(),
    primary_key=("application_id", "user_scope"),
)

consent_resource_scopes = tenant_table(
    "consent_resource_scopes",
    Column("application_id", String(21), nullable=False),
    Column("scope_id", String(21), nullable=False),
    _of_application(),
    ForeignKeyConstraint(
        ["tenant_id", "scope_id"], ["scopes.tenant_id", "scopes.id"], ondelete="CASCADE"
    ),
    primary_key=("application_id", "scope_id"),
)
Index(
    "ix_consent_resource_scopes_scope_id",
    consent_resource_scopes.c.tenant_id,
    consent_resource_scopes.c.scope_id,
)

cimd_user_scopes = tenant_table(
    "cimd_user_scopes",
    Column("user_scope", String(64), nullable=False),
    primary_key=("user_scope",),
)

cimd_resource_scopes = tenant_table(
    "cimd_resource_scopes",
    Column("scope_id", String(21), nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "scope_id"], ["scopes.tenant_id", "scopes.id"], ondelete="CASCADE"
    ),
    primary_key=("scope_id",),
)

consents = tenant_table(
    "consents",
    Column("user_id", String(21), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("scopes", Json(tuple[str, ...]), nullable=False),
    Column("resource_scopes", Json(dict[str, tuple[str, ...]]), nullable=False),
    Column("given_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
    primary_key=("user_id", "client_id"),
)
Index("ix_consents_client_id", consents.c.tenant_id, consents.c.client_id)


class Consent(msgspec.Struct, frozen=True):
    """A row of consents: what a user allowed a client. `resource_scopes` are names by indicator."""

    scopes: tuple[str, ...]
    resource_scopes: dict[str, tuple[str, ...]]
    given_at: datetime
