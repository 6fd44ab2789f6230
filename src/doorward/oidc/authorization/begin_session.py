"""OpenID Connect Core section 3.1.2.3: the session that a finished sign-in begins in a browser."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.kit.edge import Edge
from doorward.sessions.ending import end_session
from doorward.sessions.store import add_session, renew_session
from doorward.sessions.tables import Session
from doorward.storage import Transaction


async def begin_session(
    tx: Transaction,
    edge: Edge,
    *,
    known: Session | None,
    user_id: str,
    authenticated_at: datetime,
    amr: list[str],
    lifetime: timedelta,
    now: datetime,
) -> tuple[str, Session]:
    """Begin the session, or renew the same user's. Another user's ends with all that hangs on it:
    two people share this browser."""
    tenant_id = edge.tenant_id
    if known is not None and known.user_id == user_id:
        renewed = await renew_session(
            tx,
            tenant_id=tenant_id,
            session=known,
            authenticated_at=authenticated_at,
            amr=amr,
            ip=edge.client_ip,
            user_agent=edge.user_agent,
            lifetime=lifetime,
            now=now,
        )
        if renewed is not None:
            return renewed
    elif known is not None:
        await end_session(tx, tenant_id=tenant_id, session_id=known.id, now=now)
    return await add_session(
        tx,
        tenant_id=tenant_id,
        user_id=user_id,
        authenticated_at=authenticated_at,
        amr=amr,
        ip=edge.client_ip,
        user_agent=edge.user_agent,
        lifetime=lifetime,
        now=now,
    )
