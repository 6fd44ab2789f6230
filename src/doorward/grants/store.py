"""Rows of grants. Every deletion takes the codes and tokens of the grant with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, exists, select, update

from doorward.grants.tables import Grant, grants
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import delete_batch

_t = grants.c
_HERE = _t.tenant_id == bindparam("tenant_id")
_INSERT = insert_statement(grants)
_GRANT = [column for column in grants.c if column.name != "tenant_id"]
_FIND = Statement(select(*_GRANT).where(_HERE, _t.id == bindparam("grant_id_")), into=Grant)
_LIVE_OF_USER = (
    _HERE,
    _t.user_id == bindparam("user_id_"),
    _t.expires_at > bindparam("now", type_=_t.expires_at.type),
)
_LIST_OF_USER = Statement(
    select(*_GRANT).where(*_LIVE_OF_USER).order_by(_t.created_at, _t.id), into=Grant
)
_LIST_OF_USER_AND_CLIENT = Statement(
    select(*_GRANT)
    .where(*_LIVE_OF_USER, _t.client_id == bindparam("client_id_"))
    .order_by(_t.created_at, _t.id),
    into=Grant,
)
_EXTEND = Statement(
    update(grants)
    .where(_HERE, _t.id == bindparam("grant_id_"))
    .values(expires_at=bindparam("new_expires_at"))
)
_DELETE = Statement(delete(grants).where(_HERE, _t.id == bindparam("grant_id_")))
_DELETE_OF_USER = Statement(delete(grants).where(_HERE, _t.user_id == bindparam("user_id_")))
_ANY_OF_CLIENT = Statement(
    select(_t.id).where(_HERE, _t.client_id == bindparam("client_id_")).limit(1)
)
_DELETE_OF_CLIENT = Statement(delete(grants).where(_HERE, _t.client_id == bindparam("client_id_")))
_DELETE_OF_SESSION = Statement(
    delete(grants).where(_HERE, _t.session_id == bindparam("session_id_"), _t.is_offline.is_(False))
)
_SWEEP = delete_batch(grants, _t.expires_at <= bindparam("now", type_=_t.expires_at.type))


def stands(*, tenant_id: ColumnElement[str], grant_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a grant was not ended, for a statement about what hangs on one."""
    return exists(select(_t.id).where(_t.tenant_id == tenant_id, _t.id == grant_id))


async def add_grant(tx: Transaction, *, tenant_id: str, grant: Grant) -> None:
    """Store a new grant.

    Raises:
        ForeignKeyViolation: the user is gone.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=grant.id,
        user_id=grant.user_id,
        client_id=grant.client_id,
        session_id=grant.session_id,
        is_offline=grant.is_offline,
        created_at=grant.created_at,
        expires_at=grant.expires_at,
    )


async def find_grant(db: Executor, *, tenant_id: str, grant_id: str) -> Grant | None:
    """Return the grant with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, grant_id_=grant_id)


async def list_grants_of_user(
    db: Executor, *, tenant_id: str, user_id: str, now: datetime
) -> list[Grant]:
    """Return the grants of a user that have not expired, oldest first."""
    return await db.all(_LIST_OF_USER, tenant_id=tenant_id, user_id_=user_id, now=now)


async def list_grants_to(
    db: Executor, *, tenant_id: str, user_id: str, client_id: str, now: datetime
) -> list[Grant]:
    """Return the grants of a user to one client that have not expired, oldest first."""
    return await db.all(
        _LIST_OF_USER_AND_CLIENT,
        tenant_id=tenant_id,
        user_id_=user_id,
        client_id_=client_id,
        now=now,
    )


async def extend_grant(
    tx: Transaction, *, tenant_id: str, grant_id: str, expires_at: datetime
) -> bool:
    """Let a grant last until `expires_at`; False when it was ended meanwhile."""
    count = await tx.execute(
        _EXTEND, tenant_id=tenant_id, grant_id_=grant_id, new_expires_at=expires_at
    )
    return count == 1


async def end_grant(tx: Transaction, *, tenant_id: str, grant_id: str) -> bool:
    """Delete a grant with its codes and tokens; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, grant_id_=grant_id) == 1


async def end_grants_of_user(tx: Transaction, *, tenant_id: str, user_id: str) -> int:
    """Delete every grant of a user and return how many."""
    return await tx.execute(_DELETE_OF_USER, tenant_id=tenant_id, user_id_=user_id)


async def end_grants_of_client(tx: Transaction, *, tenant_id: str, client_id: str) -> int:
    """Delete every grant to an application and return how many."""
    return await tx.execute(_DELETE_OF_CLIENT, tenant_id=tenant_id, client_id_=client_id)


async def has_grants(db: Executor, *, tenant_id: str, client_id: str) -> bool:
    """Tell whether anybody has granted an application something that still holds."""
    return await db.one(_ANY_OF_CLIENT, tenant_id=tenant_id, client_id_=client_id) is not None


async def end_grants_of_session(tx: Transaction, *, tenant_id: str, session_id: str) -> int:
    """Delete the grants that live with a session (all but offline ones); return how many."""
    return await tx.execute(_DELETE_OF_SESSION, tenant_id=tenant_id, session_id_=session_id)


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_grants(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired grants and return how many."""
    return await tx.execute(_SWEEP, now=now)
