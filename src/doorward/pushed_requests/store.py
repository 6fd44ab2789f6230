"""Rows of pushed requests. Callers hand in what the request_uri holds; only its hash is stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_token
from doorward.pushed_requests.tables import PushedRequest, pushed_requests
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

LIFETIME = timedelta(seconds=90)
"""Time to send the browser with it; RFC 9126 section 2.2 proposes 5 to 600 seconds."""

_t = pushed_requests.c
_HERE = (_t.tenant_id == bindparam("tenant_id"), _t.id_hash == bindparam("id_hash_"))
_NOW = bindparam("now", type_=_t.expires_at.type)
_INSERT = insert_statement(pushed_requests)
_FIND = Statement(
    select(*[column for column in pushed_requests.c if column.name != "tenant_id"]).where(
        *_HERE, _t.expires_at > _NOW
    ),
    into=PushedRequest,
)
_HOLD = Statement(
    update(pushed_requests)
    .where(*_HERE, _t.expires_at > _NOW)
    .values(kept_until=bindparam("new_kept_until"))
)
_CONSUME = Statement(delete(pushed_requests).where(*_HERE, _t.kept_until > _NOW))
_SWEEP = delete_batch(pushed_requests, _t.kept_until <= _NOW)


async def add_pushed_request(
    tx: Transaction, *, tenant_id: str, client_id: str, params: dict[str, Any], now: datetime
) -> str:
    """Store a request and return the value that stands for it."""
    value = new_token()
    expires_at = now + LIFETIME
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id_hash=hash_token(value),
        client_id=client_id,
        params=params,
        expires_at=expires_at,
        kept_until=expires_at,
    )
    return value


async def find_pushed_request(
    db: Executor, *, tenant_id: str, value: str, now: datetime
) -> PushedRequest | None:
    """Return the request that a value stands for, unless it is unknown, expired or answered."""
    return await db.one(_FIND, tenant_id=tenant_id, id_hash_=hash_token(value), now=now)


async def hold_pushed_request(
    tx: Transaction, *, tenant_id: str, id_hash: str, until: datetime, now: datetime
) -> bool:
    """Keep a request while a person signs in; False when it was answered meanwhile."""
    count = await tx.execute(
        _HOLD, tenant_id=tenant_id, id_hash_=id_hash, now=now, new_kept_until=until
    )
    return count == 1


async def consume_pushed_request(
    tx: Transaction, *, tenant_id: str, id_hash: str, now: datetime
) -> bool:
    """Delete the request; True for the one caller that may answer it."""
    return await tx.execute(_CONSUME, tenant_id=tenant_id, id_hash_=id_hash, now=now) == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_pushed_requests(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete requests that nobody can answer any more and return how many."""
    return await tx.execute(_SWEEP, now=now)
