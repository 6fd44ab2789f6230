"""Rows of sessions. The token lives in the browser's cookie; only its hash is stored.

Whoever ends a session calls `ending.py`, which tells the applications that took part in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql

from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_id, new_token
from doorward.sessions.tables import Session, SessionClient, session_clients, sessions
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

_t = sessions.c


def _living(
    *, tenant_id: ColumnElement[str], session_id: ColumnElement[str], now: ColumnElement[datetime]
) -> Select[tuple[str]]:
    return select(_t.id).where(_t.tenant_id == tenant_id, _t.id == session_id, _t.expires_at > now)


_INSERT = insert_statement(sessions)
_SESSION = tuple(_t[name] for name in Session.__struct_fields__)
_FIND = Statement(
    select(*_SESSION).where(
        _t.tenant_id == bindparam("tenant_id"),
        _t.token_hash == bindparam("token_hash_"),
        _t.expires_at > bindparam("now", type_=_t.expires_at.type),
    ),
    into=Session,
)
_LIST_OF_USER = Statement(
    select(*_SESSION)
    .where(
        _t.tenant_id == bindparam("tenant_id"),
        _t.user_id == bindparam("user_id_"),
        _t.expires_at > bindparam("now", type_=_t.expires_at.type),
    )
    .order_by(_t.created_at, _t.id),
    into=Session,
)
_FIND_BY_ID = Statement(
    select(*_SESSION).where(
        _t.tenant_id == bindparam("tenant_id"),
        _t.id == bindparam("session_id"),
        _t.expires_at > bindparam("now", type_=_t.expires_at.type),
    ),
    into=Session,
)
_EXISTS = Statement(
    _living(
        tenant_id=bindparam("tenant_id"),
        session_id=bindparam("session_id"),
        now=bindparam("now", type_=_t.expires_at.type),
    )
)
_RENEW = Statement(
    update(sessions)
    .where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("session_id"))
    .values(
        token_hash=bindparam("new_token_hash"),
        authenticated_at=bindparam("new_authenticated_at"),
        amr=bindparam("new_amr"),
        ip=bindparam("new_ip"),
        user_agent=bindparam("new_user_agent"),
        expires_at=bindparam("new_expires_at"),
    )
)
_DELETE = Statement(
    delete(sessions).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("session_id"))
)
_DELETE_OF_USER = Statement(
    delete(sessions).where(
        _t.tenant_id == bindparam("tenant_id"), _t.user_id == bindparam("user_id_")
    )
)
_c = session_clients.c
_SESSION_CLIENT = (_c.session_id, _c.client_id, _c.user_id, _c.joined_at)
# Of a session that has ended meanwhile nobody takes part, and that is no error.
_JOIN = Statement(
    postgresql.insert(session_clients)
    .from_select(
        ["tenant_id", "session_id", "client_id", "user_id", "joined_at"],
        select(
            _t.tenant_id,
            _t.id,
            bindparam("client_id", type_=_c.client_id.type),
            _t.user_id,
            bindparam("joined_at", type_=_c.joined_at.type),
        ).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("session_id")),
    )
    .on_conflict_do_nothing(index_elements=list(session_clients.primary_key.columns))
)
_CLIENTS = Statement(
    select(*_SESSION_CLIENT)
    .where(_c.tenant_id == bindparam("tenant_id"), _c.session_id == bindparam("session_id"))
    .order_by(_c.joined_at, _c.client_id),
    into=SessionClient,
)
_CLIENTS_OF_USER = Statement(
    select(*_SESSION_CLIENT)
    .where(_c.tenant_id == bindparam("tenant_id"), _c.user_id == bindparam("user_id_"))
    .order_by(_c.joined_at, _c.client_id),
    into=SessionClient,
)
_SWEEP = delete_batch(sessions, _t.expires_at <= bindparam("now", type_=_t.expires_at.type))


def lives(
    *, tenant_id: ColumnElement[str], session_id: ColumnElement[str], now: ColumnElement[datetime]
) -> ColumnElement[bool]:
    """Return the condition that a session lives, for a statement over rows that hang on one."""
    return exists(_living(tenant_id=tenant_id, session_id=session_id, now=now))


async def add_session(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    authenticated_at: datetime,
    amr: list[str],
    ip: str | None,
    user_agent: str | None,
    lifetime: timedelta,
    now: datetime,
) -> tuple[str, Session]:
    """Begin a session; return the token for the cookie and the session."""
    token = new_token()
    session = Session(
        id=new_id(),
        user_id=user_id,
        authenticated_at=authenticated_at,
        amr=amr,
        created_at=now,
        expires_at=now + lifetime,
    )
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=session.id,
        token_hash=hash_token(token),
        user_id=user_id,
        authenticated_at=authenticated_at,
        amr=amr,
        ip=ip,
        user_agent=user_agent,
        created_at=now,
        expires_at=session.expires_at,
    )
    return token, session


async def renew_session(
    tx: Transaction,
    *,
    tenant_id: str,
    session: Session,
    authenticated_at: datetime,
    amr: list[str],
    ip: str | None,
    user_agent: str | None,
    lifetime: timedelta,
    now: datetime,
) -> tuple[str, Session] | None:
    """Let the same user's session begin anew under the same sid; None when it has ended.

    The token changes, so that a value which somebody planted or saw before the sign-in is worth
    nothing after it.
    """
    token = new_token()
    renewed = Session(
        id=session.id,
        user_id=session.user_id,
        authenticated_at=authenticated_at,
        amr=amr,
        created_at=session.created_at,
        expires_at=now + lifetime,
    )
    count = await tx.execute(
        _RENEW,
        tenant_id=tenant_id,
        session_id=session.id,
        new_token_hash=hash_token(token),
        new_authenticated_at=authenticated_at,
        new_amr=amr,
        new_ip=ip,
        new_user_agent=user_agent,
        new_expires_at=renewed.expires_at,
    )
    return (token, renewed) if count else None


async def find_session(
    db: Executor, *, tenant_id: str, token: str, now: datetime
) -> Session | None:
    """Return the live session of a cookie's token."""
    return await db.one(_FIND, tenant_id=tenant_id, token_hash_=hash_token(token), now=now)


async def list_sessions_of_user(
    db: Executor, *, tenant_id: str, user_id: str, now: datetime
) -> list[Session]:
    """Return the live sessions of a user, oldest first."""
    return await db.all(_LIST_OF_USER, tenant_id=tenant_id, user_id_=user_id, now=now)


async def find_session_by_id(
    db: Executor, *, tenant_id: str, session_id: str, now: datetime
) -> Session | None:
    """Return the live session with this sid."""
    return await db.one(_FIND_BY_ID, tenant_id=tenant_id, session_id=session_id, now=now)


async def is_session_alive(db: Executor, *, tenant_id: str, session_id: str, now: datetime) -> bool:
    """Tell whether the session with this sid still lives."""
    return await db.one(_EXISTS, tenant_id=tenant_id, session_id=session_id, now=now) is not None


async def join_session(
    tx: Transaction, *, tenant_id: str, session_id: str, client_id: str, now: datetime
) -> None:
    """Note that a client takes part in a session; again, or when it has ended, does no harm."""
    await tx.execute(
        _JOIN, tenant_id=tenant_id, session_id=session_id, client_id=client_id, joined_at=now
    )


async def list_session_clients(
    db: Executor, *, tenant_id: str, session_id: str
) -> list[SessionClient]:
    """Return the clients that take part in a session, in the order in which they came."""
    return await db.all(_CLIENTS, tenant_id=tenant_id, session_id=session_id)


async def list_session_clients_of_user(
    db: Executor, *, tenant_id: str, user_id: str
) -> list[SessionClient]:
    """Return the clients that take part in any session of a user."""
    return await db.all(_CLIENTS_OF_USER, tenant_id=tenant_id, user_id_=user_id)


async def delete_session(tx: Transaction, *, tenant_id: str, session_id: str) -> bool:
    """Delete a session; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, session_id=session_id) == 1


async def delete_sessions_of_user(tx: Transaction, *, tenant_id: str, user_id: str) -> int:
    """Delete every session of a user and return how many."""
    return await tx.execute(_DELETE_OF_USER, tenant_id=tenant_id, user_id_=user_id)


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_sessions(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired sessions and return how many."""
    return await tx.execute(_SWEEP, now=now)
