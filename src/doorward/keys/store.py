"""Rows of signing_keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from doorward.keys.tables import StoredKey, signing_keys
from doorward.kit.crypto import Sealer
from doorward.kit.jose import SigningKey
from doorward.storage import Executor, Statement, Transaction, insert_statement

SEAL_PURPOSE = "signing_keys.private_key"

_t = signing_keys.c
_LIST = Statement(
    select(signing_keys).where(_t.tenant_id == bindparam("tenant_id")).order_by(_t.created_at),
    into=StoredKey,
)
_INSERT = insert_statement(signing_keys)
_SET_STATUS = Statement(
    update(signing_keys)
    .where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("kid"))
    .values(status=bindparam("new_status"))
)
_DELETE = Statement(
    delete(signing_keys).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("kid"))
)


async def list_keys(db: Executor, *, tenant_id: str) -> list[StoredKey]:
    """Return every key of the tenant, oldest first."""
    return await db.all(_LIST, tenant_id=tenant_id)


async def add_key(
    tx: Transaction,
    *,
    tenant_id: str,
    key: SigningKey,
    status: str,
    sealer: Sealer,
    created_at: datetime,
) -> None:
    """Store a key pair; the private half is sealed."""
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=key.kid,
        algorithm=key.algorithm,
        status=status,
        private_key=sealer.seal(key.to_pem(), purpose=SEAL_PURPOSE),
        public_jwk=key.public_jwk,
        created_at=created_at,
    )


async def set_key_status(tx: Transaction, *, tenant_id: str, kid: str, status: str) -> None:
    """Move a key to another status."""
    await tx.execute(_SET_STATUS, tenant_id=tenant_id, kid=kid, new_status=status)


async def delete_key(tx: Transaction, *, tenant_id: str, kid: str) -> None:
    """Forget a key; tokens it signed no longer verify."""
    await tx.execute(_DELETE, tenant_id=tenant_id, kid=kid)
