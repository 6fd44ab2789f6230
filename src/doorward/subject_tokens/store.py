"""Rows of subject_tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_secret
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch
from doorward.subject_tokens.tables import SubjectToken, subject_tokens
from doorward.users.store import is_welcome

PREFIX = "sub_"
LIFETIME = timedelta(seconds=600)

_t = subject_tokens.c
_NOW = bindparam("now", type_=_t.expires_at.type)
_THIS = (_t.tenant_id == bindparam("tenant_id"), _t.token_hash == bindparam("hash_"))
_INSERT = insert_statement(subject_tokens)
_FIND_GOOD = Statement(
    select(*[column for column in subject_tokens.c if column.name != "tenant_id"]).where(
        *_THIS,
        _t.consumed_at.is_(None),
        _t.expires_at > _NOW,
        is_welcome(tenant_id=_t.tenant_id, user_id=_t.user_id),
    ),
    into=SubjectToken,
)
_CONSUME = Statement(
    update(subject_tokens)
    .where(*_THIS, _t.consumed_at.is_(None), _t.expires_at > _NOW)
    .values(consumed_at=bindparam("new_consumed_at", type_=_t.consumed_at.type))
)
_SWEEP = delete_batch(subject_tokens, _t.expires_at <= _NOW)


async def add_token(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    context: dict[str, Any],
    creator_id: str,
    now: datetime,
) -> str:
    """Store a new token and return its value.

    Raises:
        ForeignKeyViolation: the user is gone.
    """
    value = PREFIX + new_secret()
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        token_hash=hash_token(value),
        user_id=user_id,
        context=context,
        creator_id=creator_id,
        created_at=now,
        expires_at=now + LIFETIME,
        consumed_at=None,
    )
    return value


async def find_good_token(
    db: Executor, *, tenant_id: str, value: str, now: datetime
) -> SubjectToken | None:
    """Return the token with this value if it is good: unused, not expired, its user welcome."""
    return await db.one(_FIND_GOOD, tenant_id=tenant_id, hash_=hash_token(value), now=now)


async def consume_token(tx: Transaction, *, tenant_id: str, token_hash: str, now: datetime) -> bool:
    """Mark a token as used; True for the one caller that may act on it."""
    count = await tx.execute(
        _CONSUME, tenant_id=tenant_id, hash_=token_hash, now=now, new_consumed_at=now
    )
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_subject_tokens(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired tokens and return how many."""
    return await tx.execute(_SWEEP, now=now)
