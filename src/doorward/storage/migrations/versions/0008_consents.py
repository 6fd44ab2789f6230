"""Consents, ceilings of third parties' applications, and the look of an application's pages.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from doorward.storage.migrations.isolation import isolate_tenants

revision = "0008"
down_revision = "0007"

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("client_id", sa.String(length=2048), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("resource_scopes", JSON, nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        _of("consents", "user_id", "users"),
        _of_tenant("consents"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "client_id", name=op.f("pk_consents")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_consents_client_id", "consents", ["tenant_id", "client_id"])
    op.create_table(
        "consent_user_scopes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=False),
        sa.Column("user_scope", sa.String(length=64), nullable=False),
        _of("consent_user_scopes", "application_id", "applications"),
        _of_tenant("consent_user_scopes"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "application_id", "user_scope", name=op.f("pk_consent_user_scopes")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consent_resource_scopes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=False),
        sa.Column("scope_id", sa.String(length=21), nullable=False),
        _of("consent_resource_scopes", "application_id", "applications"),
        _of("consent_resource_scopes", "scope_id", "scopes"),
        _of_tenant("consent_resource_scopes"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "application_id", "scope_id", name=op.f("pk_consent_resource_scopes")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_consent_resource_scopes_scope_id",
        "consent_resource_scopes",
        ["tenant_id", "scope_id"],
    )
    op.create_table(
        "application_sign_in_experiences",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=False),
        sa.Column("document", JSON, nullable=False),
        _of("application_sign_in_experiences", "application_id", "applications"),
        _of_tenant("application_sign_in_experiences"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "application_id", name=op.f("pk_application_sign_in_experiences")
        ),
        sqlite_with_rowid=False,
    )
    isolate_tenants(
        "consents",
        "consent_user_scopes",
        "consent_resource_scopes",
        "application_sign_in_experiences",
    )


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{other}.tenant_id", f"{other}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
        ondelete="CASCADE",
    )


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"
    )
