"""Rows of device_codes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from doorward.device_codes.tables import DeviceCode, Status, device_codes
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

REMEMBERED = timedelta(minutes=10)
"""How long a code is known after it has expired, so that its device learns just that."""

_t = device_codes.c
_COLUMNS = [column for column in device_codes.c if column.name != "tenant_id"]
_NOW = bindparam("now", type_=_t.expires_at.type)
_THIS = (
    _t.tenant_id == bindparam("tenant_id"),
    _t.device_code_hash == bindparam("hash_"),
)
_INSERT = insert_statement(device_codes)
_FIND = Statement(select(*_COLUMNS).where(*_THIS), into=DeviceCode)
_FIND_WAITING = Statement(
    select(*_COLUMNS).where(
        _t.tenant_id == bindparam("tenant_id"),
        _t.user_code_hash == bindparam("user_code_hash_"),
        _t.status == Status.WAITING,
        _t.expires_at > _NOW,
    ),
    into=DeviceCode,
)
_APPROVE = Statement(
    update(device_codes)
    .where(*_THIS, _t.status == Status.WAITING, _t.expires_at > _NOW)
    .values(
        status=Status.APPROVED,
        user_id=bindparam("new_user_id"),
        session_id=bindparam("new_session_id"),
        authenticated_at=bindparam("new_authenticated_at"),
        amr=bindparam("new_amr"),
    )
)
_REFUSE = Statement(
    update(device_codes)
    .where(*_THIS, _t.status == Status.WAITING, _t.expires_at > _NOW)
    .values(status=Status.REFUSED)
)
_NOTE_POLL = Statement(
    update(device_codes)
    .where(*_THIS, _t.next_poll_at <= _NOW)
    .values(next_poll_at=bindparam("new_next_poll_at"))
)
_SLOW_DOWN = Statement(
    update(device_codes)
    .where(*_THIS, _t.interval == bindparam("known_interval"))
    .values(interval=bindparam("new_interval"), next_poll_at=bindparam("new_next_poll_at"))
)
_REDEEM = Statement(
    delete(device_codes).where(*_THIS, _t.status == Status.APPROVED, _t.expires_at > _NOW)
)
_SWEEP = delete_batch(device_codes, _t.expires_at <= _NOW)


async def add_device_code(tx: Transaction, *, tenant_id: str, code: DeviceCode) -> None:
    """Store a new device code.

    Raises:
        UniqueViolation: uq_device_codes_user_code_hash, somebody else's user code is the same.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        device_code_hash=code.device_code_hash,
        user_code_hash=code.user_code_hash,
        client_id=code.client_id,
        scope=code.scope,
        resources=code.resources,
        hints=code.hints,
        status=code.status,
        user_id=code.user_id,
        session_id=code.session_id,
        authenticated_at=code.authenticated_at,
        amr=code.amr,
        interval=code.interval,
        next_poll_at=code.next_poll_at,
        created_at=code.created_at,
        expires_at=code.expires_at,
    )


async def find_device_code(
    db: Executor, *, tenant_id: str, device_code_hash: str
) -> DeviceCode | None:
    """Return the row of a device code, one that has expired or was answered too."""
    return await db.one(_FIND, tenant_id=tenant_id, hash_=device_code_hash)


async def find_waiting_code(
    db: Executor, *, tenant_id: str, user_code_hash: str, now: datetime
) -> DeviceCode | None:
    """Return the row of a user code that waits for an answer."""
    return await db.one(_FIND_WAITING, tenant_id=tenant_id, user_code_hash_=user_code_hash, now=now)


async def approve_code(
    tx: Transaction,
    *,
    tenant_id: str,
    code: DeviceCode,
    user_id: str,
    session_id: str,
    authenticated_at: datetime,
    amr: list[str],
    now: datetime,
) -> bool:
    """Let the device act for a user; True for the one answer that counts."""
    count = await tx.execute(
        _APPROVE,
        tenant_id=tenant_id,
        hash_=code.device_code_hash,
        now=now,
        new_user_id=user_id,
        new_session_id=session_id,
        new_authenticated_at=authenticated_at,
        new_amr=amr,
    )
    return count == 1


async def refuse_code(tx: Transaction, *, tenant_id: str, code: DeviceCode, now: datetime) -> bool:
    """Turn the device away; True for the one answer that counts."""
    count = await tx.execute(_REFUSE, tenant_id=tenant_id, hash_=code.device_code_hash, now=now)
    return count == 1


async def note_poll(
    tx: Transaction, *, tenant_id: str, code: DeviceCode, next_poll_at: datetime, now: datetime
) -> bool:
    """Note that the device asked; False when it asked too early."""
    count = await tx.execute(
        _NOTE_POLL,
        tenant_id=tenant_id,
        hash_=code.device_code_hash,
        now=now,
        new_next_poll_at=next_poll_at,
    )
    return count == 1


async def slow_down(
    tx: Transaction, *, tenant_id: str, code: DeviceCode, interval: int, next_poll_at: datetime
) -> None:
    """Give the device a longer interval; of requests at the same moment one counts."""
    await tx.execute(
        _SLOW_DOWN,
        tenant_id=tenant_id,
        hash_=code.device_code_hash,
        known_interval=code.interval,
        new_interval=interval,
        new_next_poll_at=next_poll_at,
    )


async def redeem_code(tx: Transaction, *, tenant_id: str, code: DeviceCode, now: datetime) -> bool:
    """Delete an approved code; True for the one caller that may hand out tokens for it."""
    count = await tx.execute(_REDEEM, tenant_id=tenant_id, hash_=code.device_code_hash, now=now)
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_device_codes(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete codes that nobody asks for any more and return how many."""
    return await tx.execute(_SWEEP, now=now - REMEMBERED)
