"""A tenant's row, for tests of what lies below the tenants' own seeds."""

from __future__ import annotations

from datetime import UTC, datetime

from doorward.storage import Transaction, insert_statement
from doorward.storage.tenants import tenants

_INSERT = insert_statement(tenants)


async def insert_tenant(
    tx: Transaction, tenant_id: str, *, at: datetime | None = None, config_version: int = 0
) -> None:
    """Store a tenant that was made `at`, or now."""
    await tx.execute(
        _INSERT,
        id=tenant_id,
        name=tenant_id,
        tag="development",
        is_suspended=False,
        config_version=config_version,
        created_at=at or datetime.now(UTC),
    )
