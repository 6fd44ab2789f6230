"""The first house: every table of the first release.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _isolate_tenants()


def _isolate_tenants() -> None:
    """Row-level security: a connection sees the rows of the tenant it says it serves, or, for
    work that crosses tenants, of all ('*'). FORCE makes it hold for the table owner too."""
    for table in sa.inspect(op.get_bind()).get_table_names():
        if table == "alembic_version":
            continue
        column = "id" if table == "tenants" else "tenant_id"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} USING ("
            f"{column} = current_setting('doorward.tenant', true) "
            "OR current_setting('doorward.tenant', true) = '*')"
        )


def _create_tables() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("config_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
    )
    op.create_table(
        "applications",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("oidc_client_metadata", JSON, nullable=False),
        sa.Column("custom_client_metadata", JSON, nullable=False),
        sa.Column("custom_data", JSON, nullable=False),
        sa.Column("is_third_party", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_applications_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_applications")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_applications_created_at", "applications", ["tenant_id", "created_at"], unique=False
    )
    op.create_table(
        "audit_logs",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_audit_logs_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_logs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "configs",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_configs_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_configs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "connectors",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("connector_id", sa.String(length=128), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("sync_profile", sa.Boolean(), nullable=False),
        sa.Column("enable_token_storage", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_connectors_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_connectors")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "failed_attempts",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("target_hash", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("window_ends_at", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_failed_attempts_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "target_hash", "action", name=op.f("pk_failed_attempts")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_failed_attempts_window_ends_at", "failed_attempts", ["window_ends_at"], unique=False
    )
    op.create_table(
        "interactions",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("event", sa.String(length=32), nullable=True),
        sa.Column("state", JSON, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=True),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("amr", JSON, nullable=True),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_interactions_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id_hash", name=op.f("pk_interactions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_interactions_expires_at", "interactions", ["expires_at"], unique=False)
    op.create_table(
        "resources",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("access_token_ttl", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_resources_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_resources")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_resources_indicator", "resources", ["tenant_id", "indicator"], unique=True)
    op.create_table(
        "roles",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_roles_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_roles")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_roles_name", "roles", ["tenant_id", "name"], unique=True)
    op.create_table(
        "sign_in_experiences",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("sign_in_mode", sa.String(length=32), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_sign_in_experiences_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sign_in_experiences")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signing_keys",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("public_jwk", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_signing_keys_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_signing_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=True),
        sa.Column("primary_email", sa.String(length=128), nullable=True),
        sa.Column("primary_phone", sa.String(length=128), nullable=True),
        sa.Column("password_digest", sa.Text(), nullable=True),
        sa.Column("password_algorithm", sa.String(length=16), nullable=True),
        sa.Column("password_updated_at", sa.BigInteger(), nullable=True),
        sa.Column("is_password_expired", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=True),
        sa.Column("avatar", sa.String(length=2048), nullable=True),
        sa.Column("profile", JSON, nullable=False),
        sa.Column("custom_data", JSON, nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=True),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("last_sign_in_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_users_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_users")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_users_created_at", "users", ["tenant_id", "created_at"], unique=False)
    op.create_index("uq_users_primary_phone", "users", ["tenant_id", "primary_phone"], unique=True)
    op.create_index("uq_users_username", "users", ["tenant_id", "username"], unique=True)
    op.create_table(
        "application_roles",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=False),
        sa.Column("role_id", sa.String(length=21), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=op.f("fk_application_roles_tenant_id_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["roles.tenant_id", "roles.id"],
            name=op.f("fk_application_roles_tenant_id_role_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_application_roles_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "application_id", "role_id", name=op.f("pk_application_roles")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_application_roles_role_id", "application_roles", ["tenant_id", "role_id"], unique=False
    )
    op.create_table(
        "application_secrets",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("application_id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=op.f("fk_application_secrets_tenant_id_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_application_secrets_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "application_id", "name", name=op.f("pk_application_secrets")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "console_sessions",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_console_sessions_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_console_sessions_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name=op.f("pk_console_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_console_sessions_expires_at", "console_sessions", ["expires_at"], unique=False
    )
    op.create_table(
        "grants",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("is_offline", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_grants_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_grants_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_grants")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_grants_client_id", "grants", ["tenant_id", "client_id"], unique=False)
    op.create_index("ix_grants_expires_at", "grants", ["expires_at"], unique=False)
    op.create_index("ix_grants_session_id", "grants", ["tenant_id", "session_id"], unique=False)
    op.create_index("ix_grants_user_id", "grants", ["tenant_id", "user_id"], unique=False)
    op.create_table(
        "scopes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("resource_id", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "resource_id"],
            ["resources.tenant_id", "resources.id"],
            name=op.f("fk_scopes_tenant_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_scopes_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_scopes")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_scopes_name", "scopes", ["tenant_id", "resource_id", "name"], unique=True)
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=False),
        sa.Column("amr", JSON, nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_sessions_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sessions_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index("ix_sessions_user_id", "sessions", ["tenant_id", "user_id"], unique=False)
    op.create_index("uq_sessions_token_hash", "sessions", ["tenant_id", "token_hash"], unique=True)
    op.create_table(
        "user_identities",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("identity_id", sa.String(length=256), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_user_identities_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_user_identities_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "target", name=op.f("pk_user_identities")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_user_identities_identity",
        "user_identities",
        ["tenant_id", "target", "identity_id"],
        unique=True,
    )
    op.create_table(
        "user_roles",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("role_id", sa.String(length=21), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["roles.tenant_id", "roles.id"],
            name=op.f("fk_user_roles_tenant_id_role_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_user_roles_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_user_roles_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "role_id", name=op.f("pk_user_roles")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_user_roles_role_id", "user_roles", ["tenant_id", "role_id"], unique=False)
    op.create_table(
        "access_tokens",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("grant_id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"],
            ["grants.tenant_id", "grants.id"],
            name=op.f("fk_access_tokens_tenant_id_grant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_access_tokens_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "grant_id", "token_hash", name=op.f("pk_access_tokens")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"], unique=False)
    op.create_table(
        "authorization_codes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=21), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("is_redirect_uri_required", sa.Boolean(), nullable=False),
        sa.Column("code_challenge", sa.String(length=128), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", JSON, nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("consumed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"],
            ["grants.tenant_id", "grants.id"],
            name=op.f("fk_authorization_codes_tenant_id_grant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_authorization_codes_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "code_hash", name=op.f("pk_authorization_codes")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_authorization_codes_expires_at", "authorization_codes", ["expires_at"], unique=False
    )
    op.create_index(
        "ix_authorization_codes_grant_id",
        "authorization_codes",
        ["tenant_id", "grant_id"],
        unique=False,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("grant_id", sa.String(length=21), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=21), nullable=False),
        sa.Column("session_id", sa.String(length=21), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", JSON, nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("family_expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"],
            ["grants.tenant_id", "grants.id"],
            name=op.f("fk_refresh_tokens_tenant_id_grant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_refresh_tokens_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "grant_id", name=op.f("pk_refresh_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "role_scopes",
        sa.Column("tenant_id", sa.String(length=21), nullable=False),
        sa.Column("role_id", sa.String(length=21), nullable=False),
        sa.Column("scope_id", sa.String(length=21), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["roles.tenant_id", "roles.id"],
            name=op.f("fk_role_scopes_tenant_id_role_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "scope_id"],
            ["scopes.tenant_id", "scopes.id"],
            name=op.f("fk_role_scopes_tenant_id_scope_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_role_scopes_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "role_id", "scope_id", name=op.f("pk_role_scopes")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_role_scopes_scope_id", "role_scopes", ["tenant_id", "scope_id"], unique=False
    )
    op.create_index(
        "uq_users_primary_email",
        "users",
        ["tenant_id", sa.text("lower(primary_email)")],
        unique=True,
    )
    op.create_index("ix_users_username_folded", "users", ["tenant_id", sa.text("lower(username)")])
