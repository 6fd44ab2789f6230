"""Rows of signing_keys and key_policies."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from doorward.keys.tables import KeyPolicy, StoredKey, key_policies, signing_keys
from doorward.keys.timeline import DEFAULT_SET
from doorward.kit.crypto import Sealer
from doorward.kit.jose import SigningKey
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

SEAL_PURPOSE = "signing_keys.private_key"
KEPT_FOR_HINTS = timedelta(days=30)
"""So long a retired key verifies ID tokens that come back as hints."""

_t = signing_keys.c
_p = key_policies.c
_LIST = Statement(
    select(signing_keys)
    .where(_t.tenant_id == bindparam("tenant_id"))
    .order_by(_t.active_from, _t.created_at),
    into=StoredKey,
)
_FIND_SEALED = Statement(
    select(_t.private_key).where(_t.tenant_id == bindparam("tenant_id")).limit(1)
)
_INSERT = insert_statement(signing_keys)
_END = Statement(
    update(signing_keys)
    .where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("kid"))
    .values(active_until=bindparam("new_until"), retires_at=bindparam("new_retirement"))
)
_DELETE = Statement(
    delete(signing_keys).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("kid"))
)
# A key without `retires_at` is the newest of its set.
_LIST_DUE = Statement(
    select(_t.tenant_id, _t.key_set)
    .where(
        _t.active_until <= bindparam("horizon"),
        _t.active_from <= bindparam("now"),
        _t.retires_at.is_(None),
    )
    .order_by(_t.active_until)
    .limit(100)
)
_SWEEP = delete_batch(signing_keys, _t.retires_at <= bindparam("before"))
_FIND_POLICY = Statement(
    select(_p.rotation_period_in_days, _p.algorithms).where(_p.tenant_id == bindparam("tenant_id")),
    into=KeyPolicy,
)
_UPDATE_POLICY = Statement(
    update(key_policies)
    .where(_p.tenant_id == bindparam("tenant_id"))
    .values(rotation_period_in_days=bindparam("new_period"), algorithms=bindparam("new_algorithms"))
)
_INSERT_POLICY = insert_statement(key_policies)
_DEFAULT_POLICY = KeyPolicy()


async def list_keys(db: Executor, *, tenant_id: str) -> list[StoredKey]:
    """Return every key of the tenant in the order in which they sign."""
    return await db.all(_LIST, tenant_id=tenant_id)


async def find_sealed_key(db: Executor, *, tenant_id: str) -> str | None:
    """Return the sealed private half of one of the tenant's keys, whichever; also where the
    database has yet to be migrated."""
    row = await db.one(_FIND_SEALED, tenant_id=tenant_id)
    return None if row is None else str(row["private_key"])


async def add_key(
    tx: Transaction,
    *,
    tenant_id: str,
    key: SigningKey,
    sealer: Sealer,
    created_at: datetime,
    active_from: datetime | None = None,
    active_until: datetime | None = None,
    key_set: str = DEFAULT_SET,
) -> None:
    """Store a key pair; the private half is sealed."""
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=key.kid,
        key_set=key_set,
        algorithm=key.algorithm,
        private_key=sealer.seal(key.to_pem(), purpose=SEAL_PURPOSE),
        public_jwk=key.public_jwk,
        created_at=created_at,
        active_from=active_from or created_at,
        active_until=active_until,
        retires_at=None,
    )


async def end_key(
    tx: Transaction,
    *,
    tenant_id: str,
    kid: str,
    active_until: datetime | None,
    retires_at: datetime | None,
) -> None:
    """Say until when a key signs and is published; None leaves it open."""
    await tx.execute(
        _END, tenant_id=tenant_id, kid=kid, new_until=active_until, new_retirement=retires_at
    )


async def delete_key(tx: Transaction, *, tenant_id: str, kid: str) -> None:
    """Forget a key; tokens it signed no longer verify."""
    await tx.execute(_DELETE, tenant_id=tenant_id, kid=kid)


# lint: tenant-scope: the schedule looks at all tenants; needs a transaction of ALL_TENANTS
async def list_due_sets(
    tx: Transaction, *, now: datetime, horizon: datetime
) -> list[tuple[str, str]]:
    """Return tenant and name of key sets whose newest key signs and ends before `horizon`."""
    rows = await tx.all(_LIST_DUE, now=now, horizon=horizon)
    return [(row["tenant_id"], row["key_set"]) for row in rows]


# lint: tenant-scope: the sweep deletes for all tenants; needs a transaction of ALL_TENANTS
async def sweep_signing_keys(tx: Transaction, *, now: datetime) -> int:
    """Delete a batch of keys that retired long ago."""
    return await tx.execute(_SWEEP, before=now - KEPT_FOR_HINTS)


async def find_policy(db: Executor, *, tenant_id: str) -> KeyPolicy:
    """Return the tenant's policy, or the default one."""
    return await db.one(_FIND_POLICY, tenant_id=tenant_id) or _DEFAULT_POLICY


async def save_policy(tx: Transaction, *, tenant_id: str, policy: KeyPolicy) -> None:
    """Store the tenant's policy, replacing what was there."""
    period, algorithms = policy.rotation_period_in_days, list(policy.algorithms)
    if await tx.execute(
        _UPDATE_POLICY, tenant_id=tenant_id, new_period=period, new_algorithms=algorithms
    ):
        return
    await tx.execute(
        _INSERT_POLICY,
        tenant_id=tenant_id,
        rotation_period_in_days=period,
        algorithms=algorithms,
    )
