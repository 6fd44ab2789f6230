"""Rows of applications and application_secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from doorward.applications.tables import (
    Application,
    ApplicationSecret,
    application_secrets,
    applications,
)
from doorward.kit.crypto import Sealer
from doorward.storage import Executor, Statement, Transaction, insert_statement

SEAL_PURPOSE = "application_secrets.value"

_a = applications.c
_s = application_secrets.c
_INSERT = insert_statement(applications)
_FIND = Statement(
    select(applications).where(
        _a.tenant_id == bindparam("tenant_id"), _a.id == bindparam("application_id")
    ),
    into=Application,
)
_INSERT_SECRET = insert_statement(application_secrets)
_LIST_SECRETS = Statement(
    select(application_secrets)
    .where(_s.tenant_id == bindparam("tenant_id"), _s.application_id == bindparam("application_id"))
    .order_by(_s.created_at, _s.name),
    into=ApplicationSecret,
)


async def add_application(tx: Transaction, *, tenant_id: str, application: Application) -> None:
    """Store a new application."""
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=application.id,
        name=application.name,
        description=application.description,
        type=application.type,
        oidc_client_metadata=application.oidc_client_metadata,
        custom_client_metadata=application.custom_client_metadata,
        custom_data=application.custom_data,
        is_third_party=application.is_third_party,
        created_at=application.created_at,
    )


async def find_application(
    db: Executor, *, tenant_id: str, application_id: str
) -> Application | None:
    """Return the application with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, application_id=application_id)


async def add_secret(
    tx: Transaction,
    *,
    tenant_id: str,
    application_id: str,
    name: str,
    value: str,
    sealer: Sealer,
    created_at: datetime,
    expires_at: datetime | None,
) -> None:
    """Store a named secret: sealed, and a keyed hash to find it by.

    Raises:
        UniqueViolation: pk_application_secrets, the application has a secret of this name.
    """
    await tx.execute(
        _INSERT_SECRET,
        tenant_id=tenant_id,
        application_id=application_id,
        name=name,
        value=sealer.seal(value, purpose=SEAL_PURPOSE),
        value_hash=sealer.lookup_hash(value),
        created_at=created_at,
        expires_at=expires_at,
    )


async def list_secrets(
    db: Executor, *, tenant_id: str, application_id: str
) -> list[ApplicationSecret]:
    """Return the secrets of an application, oldest first."""
    return await db.all(_LIST_SECRETS, tenant_id=tenant_id, application_id=application_id)
