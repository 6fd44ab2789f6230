"""Rows of replays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam

from doorward.kit.crypto import hash_token
from doorward.replays.tables import replays
from doorward.storage import Transaction, insert_new_statement
from doorward.storage.expiry import delete_batch

_INSERT = insert_new_statement(replays)
# One for each DPoP proof, which is one for each request.
_SWEEP = delete_batch(replays, replays.c.expires_at <= bindparam("now"), limit=100)


async def remember(
    tx: Transaction, *, tenant_id: str, purpose: str, value: str, expires_at: datetime
) -> bool:
    """Remember a value; True for the one caller that brings it first.

    Args:
        purpose: what the value is of, at most 32 characters ("client_assertion").
        value: unique within the purpose, so it holds whose it is ("<client id> <jti>").
        expires_at: from then on the caller refuses the value unasked.
    """
    count = await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        purpose=purpose,
        value_hash=hash_token(value),
        expires_at=expires_at,
    )
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_replays(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete what nobody would accept any more and return how many."""
    return await tx.execute(_SWEEP, now=now)
