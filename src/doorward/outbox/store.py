"""Rows of the outbox. Each step is one conditional UPDATE whose row count is the gate."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from doorward.kit.ids import new_id
from doorward.outbox.tables import Letter, Message, Status, outbox
from doorward.storage import Database, Executor, Statement, Transaction, insert_statement
from doorward.storage.database import ALL_TENANTS
from doorward.storage.expiry import delete_batch

LEASE = timedelta(seconds=60)
"""How long a worker has a message to itself; far longer than a delivery may take."""
KEEP_DELIVERED = timedelta(days=1)
KEEP_DEAD = timedelta(days=30)

_MAX_FAILURE = 256
_t = outbox.c
_NOW = bindparam("now", type_=_t.due_at.type)
_INSERT = insert_statement(outbox)
_LIST_DUE = Statement(
    select(_t.tenant_id, _t.id, _t.kind, _t.payload, _t.attempts, _t.created_at)
    .where(_t.status == Status.WAITING, _t.due_at <= _NOW)
    .order_by(_t.due_at)
    .limit(bindparam("limit_")),
    into=Message,
)
# Whoever knows the number of attempts is the one that has the message.
_THIS = (
    _t.tenant_id == bindparam("tenant_id"),
    _t.id == bindparam("id_"),
    _t.status == Status.WAITING,
    _t.attempts == bindparam("known_attempts"),
)
_TAKE = Statement(
    update(outbox)
    .where(*_THIS, _t.due_at <= _NOW)
    .values(attempts=_t.attempts + 1, due_at=bindparam("new_due_at"))
)
_POSTPONE = Statement(
    update(outbox)
    .where(*_THIS)
    .values(due_at=bindparam("new_due_at"), failure=bindparam("new_failure"))
)
_FINISH = Statement(
    update(outbox)
    .where(*_THIS)
    .values(
        status=bindparam("new_status"),
        failure=bindparam("new_failure"),
        expires_at=bindparam("new_expires_at"),
    )
)
_LIST = Statement(
    select(
        _t.id,
        _t.kind,
        _t.payload,
        _t.status,
        _t.attempts,
        _t.due_at,
        _t.failure,
        _t.created_at,
    )
    .where(_t.tenant_id == bindparam("tenant_id"), _t.kind == bindparam("kind_"))
    .order_by(_t.created_at, _t.id),
    into=Letter,
)
_SWEEP = delete_batch(outbox, _t.expires_at <= _NOW)


async def post(
    tx: Transaction, *, tenant_id: str, kind: str, payload: dict[str, Any], now: datetime
) -> str:
    """Store a message with the change that causes it, and return its id."""
    id_ = new_id()
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=id_,
        kind=kind,
        payload=payload,
        status=Status.WAITING,
        attempts=0,
        due_at=now,
        failure=None,
        created_at=now,
        expires_at=None,
    )
    return id_


# lint: tenant-scope: a worker delivers for every tenant
async def list_due(db: Database, *, now: datetime, limit: int) -> list[Message]:  # every tenant
    """Return messages that may be taken, those that have waited longest first."""
    return await db.all(_LIST_DUE, tenant_id=ALL_TENANTS, now=now, limit_=limit)


async def take(tx: Transaction, *, tenant_id: str, message: Message, now: datetime) -> bool:
    """Take a message for one attempt; True for the one worker that may deliver it."""
    count = await tx.execute(
        _TAKE,
        tenant_id=tenant_id,
        id_=message.id,
        known_attempts=message.attempts,
        now=now,
        new_due_at=now + LEASE,
    )
    return count == 1


async def postpone(
    tx: Transaction, *, tenant_id: str, message: Message, until: datetime, failure: str
) -> bool:
    """Let a message that was taken and failed wait; False when another worker has it by now."""
    count = await tx.execute(
        _POSTPONE,
        tenant_id=tenant_id,
        id_=message.id,
        known_attempts=message.attempts,
        new_due_at=until,
        new_failure=failure[:_MAX_FAILURE],
    )
    return count == 1


async def finish(
    tx: Transaction, *, tenant_id: str, message: Message, failure: str | None, now: datetime
) -> bool:
    """End a message that was taken: delivered, or dead of `failure`; False as for `postpone`."""
    is_dead = failure is not None
    count = await tx.execute(
        _FINISH,
        tenant_id=tenant_id,
        id_=message.id,
        known_attempts=message.attempts,
        new_status=Status.DEAD if is_dead else Status.DELIVERED,
        new_failure=failure[:_MAX_FAILURE] if failure is not None else None,
        new_expires_at=now + (KEEP_DEAD if is_dead else KEEP_DELIVERED),
    )
    return count == 1


async def list_letters(db: Executor, *, tenant_id: str, kind: str) -> list[Letter]:
    """Return the messages of a kind, oldest first."""
    return await db.all(_LIST, tenant_id=tenant_id, kind_=kind)


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_outbox(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete messages that were delivered or given up long ago; return how many."""
    return await tx.execute(_SWEEP, now=now)
