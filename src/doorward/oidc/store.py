"""Rows of codes and tokens (grants: `grants/store.py`). Bearer values are stored as hashes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete

from doorward.oidc.tables import access_tokens, authorization_codes, refresh_tokens
from doorward.storage import Statement, Transaction

_SWEEPS = tuple(
    Statement(delete(table).where(table.c.expires_at <= bindparam("now")))
    for table in (access_tokens, refresh_tokens, authorization_codes)
)


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_tokens(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired codes and tokens and return how many."""
    return sum([await tx.execute(sweep, now=now) for sweep in _SWEEPS])
