"""Rows of console_sessions. The token lives in the browser's cookie; only its hash is stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from doorward.console.tables import ConsoleSession, console_sessions
from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_token
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

LIFETIME = timedelta(hours=12)
"""Then the provider is asked again, which shows no page while its own session lives."""

_t = console_sessions.c
_INSERT = insert_statement(console_sessions)
_FIND = Statement(
    select(console_sessions).where(
        _t.tenant_id == bindparam("tenant_id"),
        _t.token_hash == bindparam("token_hash_"),
        _t.expires_at > bindparam("now", type_=_t.expires_at.type),
    ),
    into=ConsoleSession,
)
_DELETE = Statement(
    delete(console_sessions).where(
        _t.tenant_id == bindparam("tenant_id"), _t.token_hash == bindparam("token_hash_")
    )
)
_SWEEP = delete_batch(console_sessions, _t.expires_at <= bindparam("now", type_=_t.expires_at.type))


async def add_console_session(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    session_id: str | None,
    id_token: str,
    now: datetime,
) -> str:
    """Begin a session and return the token for the cookie."""
    token = new_token()
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        token_hash=hash_token(token),
        user_id=user_id,
        session_id=session_id,
        id_token=id_token,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return token


async def find_console_session(
    db: Executor, *, tenant_id: str, token: str, now: datetime
) -> ConsoleSession | None:
    """Return the live session of a cookie's token."""
    return await db.one(_FIND, tenant_id=tenant_id, token_hash_=hash_token(token), now=now)


async def end_console_session(tx: Transaction, *, tenant_id: str, token_hash: str) -> bool:
    """Delete a session; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, token_hash_=token_hash) == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_console_sessions(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired console sessions and return how many."""
    return await tx.execute(_SWEEP, now=now)
