"""OpenID Connect Core section 5: a token is worth what its user and session still are."""

from __future__ import annotations

from datetime import datetime

from doorward.sessions.store import is_session_alive
from doorward.storage import Executor
from doorward.users.store import find_user
from doorward.users.tables import User


async def find_live_user(
    db: Executor, *, tenant_id: str, user_id: str, session_id: str | None, now: datetime
) -> User | None:
    """Return the user, unless deleted or suspended, or unless the session a token hangs on is over.

    `session_id` is None for what outlives its session (offline_access).
    """
    user = await find_user(db, tenant_id=tenant_id, user_id=user_id)
    is_live = user is not None and await is_live_user(
        db, user, tenant_id=tenant_id, session_id=session_id, now=now
    )
    return user if is_live else None


async def is_live_user(
    db: Executor, user: User, *, tenant_id: str, session_id: str | None, now: datetime
) -> bool:
    """Tell the same of a user who was read with the token."""
    if user.is_suspended:
        return False
    return session_id is None or await is_session_alive(
        db, tenant_id=tenant_id, session_id=session_id, now=now
    )
