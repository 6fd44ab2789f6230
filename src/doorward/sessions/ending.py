"""The end of a session, by the person, by an administrator, or by the next user of a browser.

With the session go the grants that live with it, and in the same transaction a message is posted
for every application that took part in it and wants to know (OpenID Connect Back-Channel Logout
1.0 section 2.2). A session that merely expires is swept without one: its end was known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from doorward.applications.store import list_applications_by_id
from doorward.grants.store import end_grants_of_session
from doorward.outbox.store import post
from doorward.sessions.store import (
    delete_session,
    delete_sessions_of_user,
    list_session_clients,
    list_session_clients_of_user,
)
from doorward.sessions.tables import SessionClient
from doorward.storage import Transaction

BACKCHANNEL_LOGOUT = "backchannel_logout"
"""The kind of message that tells an application; its payload is clientId, userId, sessionId."""


async def end_session(tx: Transaction, *, tenant_id: str, session_id: str, now: datetime) -> bool:
    """End a session and the grants that live with it; False when it was over already.

    Grants with offline_access go on.
    """
    clients = await list_session_clients(tx, tenant_id=tenant_id, session_id=session_id)
    if not await delete_session(tx, tenant_id=tenant_id, session_id=session_id):
        return False
    await end_grants_of_session(tx, tenant_id=tenant_id, session_id=session_id)
    await _tell(tx, tenant_id=tenant_id, clients=clients, now=now)
    return True


async def end_sessions_of_user(
    tx: Transaction, *, tenant_id: str, user_id: str, now: datetime
) -> int:
    """End every session of a user and return how many; what becomes of grants is the caller's."""
    clients = await list_session_clients_of_user(tx, tenant_id=tenant_id, user_id=user_id)
    count = await delete_sessions_of_user(tx, tenant_id=tenant_id, user_id=user_id)
    await _tell(tx, tenant_id=tenant_id, clients=clients, now=now)
    return count


async def _tell(
    tx: Transaction, *, tenant_id: str, clients: Sequence[SessionClient], now: datetime
) -> None:
    if not clients:
        return
    applications = await list_applications_by_id(
        tx, tenant_id=tenant_id, ids=[client.client_id for client in clients]
    )
    wanting = {
        application.id
        for application in applications
        if application.oidc_client_metadata.get("backchannelLogoutUri")
    }
    for client in clients:
        if client.client_id in wanting:
            payload = {
                "clientId": client.client_id,
                "userId": client.user_id,
                "sessionId": client.session_id,
            }
            await post(tx, tenant_id=tenant_id, kind=BACKCHANNEL_LOGOUT, payload=payload, now=now)
