"""Rows of tenants and of their key-value configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.tenants import tenants
from doorward.tenants.tables import configs

_c = configs.c
_INSERT = insert_statement(tenants)
_INSERT_CONFIG = insert_statement(configs)
_LIST = Statement(select(tenants.c.id).order_by(tenants.c.id))
_FIND_CONFIG = Statement(
    select(_c.value).where(_c.tenant_id == bindparam("tenant_id"), _c.key == bindparam("key_"))
)
_SAVE_CONFIG = Statement(
    update(configs)
    .where(_c.tenant_id == bindparam("tenant_id"), _c.key == bindparam("key_"))
    .values(value=bindparam("new_value"), updated_at=bindparam("now"))
)


async def add_tenant(
    tx: Transaction, *, tenant_id: str, name: str, tag: str, now: datetime
) -> None:
    """Store a new tenant.

    Raises:
        UniqueViolation: pk_tenants.
    """
    await tx.execute(
        _INSERT,
        id=tenant_id,
        name=name,
        tag=tag,
        is_suspended=False,
        config_version=0,
        created_at=now,
    )


# lint: tenant-scope: it lists the tenants themselves
async def list_tenant_ids(tx: Transaction) -> list[str]:
    """Return the ids of all tenants; needs a transaction of ALL_TENANTS."""
    return [row["id"] for row in await tx.all(_LIST)]


async def find_config(db: Executor, *, tenant_id: str, key: str) -> Any:
    """Return the value stored under `key`, or None."""
    row = await db.one(_FIND_CONFIG, tenant_id=tenant_id, key_=key)
    return None if row is None else row["value"]


async def save_config(
    tx: Transaction, *, tenant_id: str, key: str, value: Any, now: datetime
) -> None:
    """Store `value` under `key`, replacing what was there."""
    if await tx.execute(_SAVE_CONFIG, tenant_id=tenant_id, key_=key, new_value=value, now=now):
        return
    await tx.execute(_INSERT_CONFIG, tenant_id=tenant_id, key=key, value=value, updated_at=now)
