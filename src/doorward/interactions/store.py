"""Rows of interactions. Every function takes the uid that the browser holds and hashes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from doorward.interactions.tables import Interaction, interactions
from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_token
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

LIFETIME = timedelta(hours=1)
CONSENT = "Consent"
"""The event of an interaction in which somebody who is signed in is asked what they allow."""
CONTINUED = "Continued"
"""The event of an interaction that somebody answers with the session they had when it began."""

_t = interactions.c
_HERE = (_t.tenant_id == bindparam("tenant_id"), _t.id_hash == bindparam("id_hash_"))
_INSERT = insert_statement(interactions)
_FIND = Statement(
    select(interactions).where(*_HERE, _t.expires_at > bindparam("now", type_=_t.expires_at.type)),
    into=Interaction,
)
_SAVE = Statement(
    update(interactions)
    .where(*_HERE, _t.version == bindparam("known_version"), _t.user_id.is_(None))
    .values(event=bindparam("new_event"), state=bindparam("new_state"), version=_t.version + 1)
)
_COMPLETE = Statement(
    update(interactions)
    .where(*_HERE, _t.version == bindparam("known_version"), _t.user_id.is_(None))
    .values(
        user_id=bindparam("new_user_id"),
        authenticated_at=bindparam("new_authenticated_at"),
        amr=bindparam("new_amr"),
        state=bindparam("new_state"),
        version=_t.version + 1,
    )
)
_CONTINUE = Statement(
    update(interactions)
    .where(
        *_HERE,
        _t.version == bindparam("known_version"),
        _t.user_id.is_(None),
        _t.session_id == bindparam("known_session_id"),
    )
    .values(
        event=CONTINUED,
        user_id=bindparam("new_user_id"),
        authenticated_at=bindparam("new_authenticated_at"),
        amr=bindparam("new_amr"),
        state=bindparam("new_state"),
        version=_t.version + 1,
    )
)
_ANSWER = Statement(
    update(interactions)
    .where(*_HERE, _t.version == bindparam("known_version"), _t.event == CONSENT)
    .values(state=bindparam("new_state"), version=_t.version + 1)
)
_CONSUME = Statement(delete(interactions).where(*_HERE, _t.version == bindparam("known_version")))
_SWEEP = delete_batch(interactions, _t.expires_at <= bindparam("now", type_=_t.expires_at.type))


async def add_interaction(
    tx: Transaction,
    *,
    tenant_id: str,
    client_id: str,
    params: dict[str, Any],
    session_id: str | None,
    now: datetime,
) -> str:
    """Store a waiting authorization request and return the uid for the browser's cookie."""
    return await _add(
        tx,
        tenant_id=tenant_id,
        client_id=client_id,
        params=params,
        event=None,
        user_id=None,
        authenticated_at=None,
        session_id=session_id,
        now=now,
    )


async def add_consent_interaction(
    tx: Transaction,
    *,
    tenant_id: str,
    client_id: str,
    params: dict[str, Any],
    user_id: str,
    authenticated_at: datetime,
    session_id: str,
    now: datetime,
) -> str:
    """Store an authorization request that waits for a user's consent; return its uid.

    It belongs to the session, and is worth nothing once that has ended.
    """
    return await _add(
        tx,
        tenant_id=tenant_id,
        client_id=client_id,
        params=params,
        event=CONSENT,
        user_id=user_id,
        authenticated_at=authenticated_at,
        session_id=session_id,
        now=now,
    )


async def _add(
    tx: Transaction,
    *,
    tenant_id: str,
    client_id: str,
    params: dict[str, Any],
    event: str | None,
    user_id: str | None,
    authenticated_at: datetime | None,
    session_id: str | None,
    now: datetime,
) -> str:
    uid = new_token()
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id_hash=hash_token(uid),
        client_id=client_id,
        params=params,
        event=event,
        state={},
        version=0,
        user_id=user_id,
        authenticated_at=authenticated_at,
        amr=None,
        session_id=session_id,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return uid


async def find_interaction(
    db: Executor, *, tenant_id: str, uid: str, now: datetime
) -> Interaction | None:
    """Return the interaction unless it is unknown or expired."""
    return await db.one(_FIND, tenant_id=tenant_id, id_hash_=hash_token(uid), now=now)


async def save_state(
    tx: Transaction,
    *,
    tenant_id: str,
    interaction: Interaction,
    event: str | None,
    state: dict[str, Any],
) -> bool:
    """Store the flow's state; False when another request was faster or sign-in is complete."""
    count = await tx.execute(
        _SAVE,
        tenant_id=tenant_id,
        id_hash_=interaction.id_hash,
        known_version=interaction.version,
        new_event=event,
        new_state=state,
    )
    return count == 1


async def complete_interaction(
    tx: Transaction,
    *,
    tenant_id: str,
    interaction: Interaction,
    user_id: str,
    authenticated_at: datetime,
    amr: list[str],
) -> bool:
    """Say who signed in; False when another request was faster. The flow's state is dropped."""
    count = await tx.execute(
        _COMPLETE,
        tenant_id=tenant_id,
        id_hash_=interaction.id_hash,
        known_version=interaction.version,
        new_user_id=user_id,
        new_authenticated_at=authenticated_at,
        new_amr=amr,
        new_state={},
    )
    return count == 1


async def answer_consent(
    tx: Transaction, *, tenant_id: str, interaction: Interaction, is_allowed: bool
) -> bool:
    """Store what somebody answered; False when another request was faster."""
    count = await tx.execute(
        _ANSWER,
        tenant_id=tenant_id,
        id_hash_=interaction.id_hash,
        known_version=interaction.version,
        new_state={"isAllowed": is_allowed},
    )
    return count == 1


async def continue_interaction(
    tx: Transaction,
    *,
    tenant_id: str,
    interaction: Interaction,
    session_id: str,
    user_id: str,
    authenticated_at: datetime,
    amr: list[str],
) -> bool:
    """Say that the person goes on with the session in which the request arrived; False when that
    is another, or another request was faster."""
    count = await tx.execute(
        _CONTINUE,
        tenant_id=tenant_id,
        id_hash_=interaction.id_hash,
        known_version=interaction.version,
        known_session_id=session_id,
        new_user_id=user_id,
        new_authenticated_at=authenticated_at,
        new_amr=amr,
        new_state={},
    )
    return count == 1


async def consume_interaction(tx: Transaction, *, tenant_id: str, interaction: Interaction) -> bool:
    """Delete the interaction; True for the one caller that may act on its result."""
    count = await tx.execute(
        _CONSUME,
        tenant_id=tenant_id,
        id_hash_=interaction.id_hash,
        known_version=interaction.version,
    )
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_interactions(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired interactions and return how many."""
    return await tx.execute(_SWEEP, now=now)
