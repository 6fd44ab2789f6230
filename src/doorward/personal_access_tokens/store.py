"""Rows of personal_access_tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from doorward.kit.crypto import Sealer
from doorward.personal_access_tokens.tables import PersonalAccessToken, personal_access_tokens
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.users.store import is_welcome

SEAL_PURPOSE = "personal_access_tokens.value"

_t = personal_access_tokens.c
_COLUMNS = [column for column in personal_access_tokens.c if column.name != "tenant_id"]
_OF_USER = (_t.tenant_id == bindparam("tenant_id"), _t.user_id == bindparam("user_id_"))
_THIS = (*_OF_USER, _t.name == bindparam("name_"))
_INSERT = insert_statement(personal_access_tokens)
_LIST = Statement(
    select(*_COLUMNS).where(*_OF_USER).order_by(_t.created_at, _t.name), into=PersonalAccessToken
)
_FIND = Statement(select(*_COLUMNS).where(*_THIS), into=PersonalAccessToken)
_RENAME = Statement(update(personal_access_tokens).where(*_THIS).values(name=bindparam("new_name")))
_DELETE = Statement(delete(personal_access_tokens).where(*_THIS))
_FIND_GOOD = Statement(
    select(*_COLUMNS).where(
        _t.tenant_id == bindparam("tenant_id"),
        _t.value_hash == bindparam("value_hash_"),
        or_(_t.expires_at.is_(None), _t.expires_at > bindparam("now", type_=_t.expires_at.type)),
        is_welcome(tenant_id=_t.tenant_id, user_id=_t.user_id),
    ),
    into=PersonalAccessToken,
)


async def add_token(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    name: str,
    value: str,
    sealer: Sealer,
    created_at: datetime,
    expires_at: datetime | None,
) -> None:
    """Store a token: sealed, and a keyed hash to find it by.

    Raises:
        UniqueViolation: pk_personal_access_tokens, the user has a token of this name.
        ForeignKeyViolation: the user is gone.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        user_id=user_id,
        name=name,
        value=sealer.seal(value, purpose=SEAL_PURPOSE),
        value_hash=sealer.lookup_hash(value),
        created_at=created_at,
        expires_at=expires_at,
    )


async def list_tokens(db: Executor, *, tenant_id: str, user_id: str) -> list[PersonalAccessToken]:
    """Return the tokens of a user, oldest first, expired ones too."""
    return await db.all(_LIST, tenant_id=tenant_id, user_id_=user_id)


async def find_token(
    db: Executor, *, tenant_id: str, user_id: str, name: str
) -> PersonalAccessToken | None:
    """Return the user's token of this name."""
    return await db.one(_FIND, tenant_id=tenant_id, user_id_=user_id, name_=name)


async def find_good_token(
    db: Executor, *, tenant_id: str, value: str, sealer: Sealer, now: datetime
) -> PersonalAccessToken | None:
    """Return the token with this value if it is good: not expired, its user not suspended."""
    return await db.one(
        _FIND_GOOD, tenant_id=tenant_id, value_hash_=sealer.lookup_hash(value), now=now
    )


async def rename_token(
    tx: Transaction, *, tenant_id: str, user_id: str, name: str, new_name: str
) -> bool:
    """Give a token another name; False when there is no such token.

    Raises:
        UniqueViolation: pk_personal_access_tokens, the user has a token of that name.
    """
    count = await tx.execute(
        _RENAME, tenant_id=tenant_id, user_id_=user_id, name_=name, new_name=new_name
    )
    return count == 1


async def delete_token(tx: Transaction, *, tenant_id: str, user_id: str, name: str) -> bool:
    """Delete a token; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, user_id_=user_id, name_=name) == 1
