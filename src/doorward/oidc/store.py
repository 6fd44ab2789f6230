"""Rows of codes and tokens. Only hashes of bearer values come here (see `bearer.py`).

What may be used once is used by one conditional UPDATE whose row count is the gate: of any number
of callers at once, one passes. Grants are a slice of their own (`doorward.grants`); deleting one
deletes every code and refresh token of it, and is the end of its access tokens, which stand nowhere
but in their own value. Refresh tokens have no sweep: they go with their grant.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, String, Table, bindparam, exists, or_, select, update

from doorward.grants.store import stands
from doorward.kit.crypto import hash_token
from doorward.oidc.bearer import AccessToken
from doorward.oidc.tables import (
    AuthorizationCode,
    RefreshToken,
    TokenContext,
    authorization_codes,
    refresh_tokens,
    revoked_tokens,
)
from doorward.sessions.store import lives
from doorward.storage import (
    Executor,
    Statement,
    Timestamp,
    Transaction,
    insert_new_statement,
    insert_statement,
)
from doorward.storage.expiry import delete_batch
from doorward.users.store import joined_user, welcome_user
from doorward.users.tables import User

_c, _r = authorization_codes.c, refresh_tokens.c
_NOW = bindparam("now", type_=Timestamp())
T = TypeVar("T")

_INSERT_CODE = insert_statement(authorization_codes)
_INSERT_REFRESH_TOKEN = insert_statement(refresh_tokens)


def _columns(table: Table) -> list[Any]:
    return [column for column in table.c if column.name != "tenant_id"]


def _with_user(
    table: Table, *conditions: ColumnElement[bool], into: type[T]
) -> Statement[tuple[T, User]]:
    """Return the rows that fulfil the conditions, each with its user, suspended or not."""
    columns, users, is_its_user = joined_user(tenant_id=table.c.tenant_id, user_id=table.c.user_id)
    statement = select(*_columns(table), *columns).join(users, is_its_user).where(*conditions)
    return Statement(statement, into=(into, User))


_FIND_CODE_AND_USER = _with_user(
    authorization_codes,
    _c.tenant_id == bindparam("tenant_id"),
    _c.code_hash == bindparam("hash_"),
    into=AuthorizationCode,
)
_CONSUME_CODE = Statement(
    update(authorization_codes)
    .where(
        _c.tenant_id == bindparam("tenant_id"),
        _c.code_hash == bindparam("hash_"),
        _c.consumed_at.is_(None),
        _c.expires_at > _NOW,
    )
    .values(consumed_at=bindparam("new_consumed_at"))
)
_OF_GRANT = (_r.tenant_id == bindparam("tenant_id"), _r.grant_id == bindparam("grant_id_"))
_FIND_REFRESH_TOKEN = Statement(
    select(*_columns(refresh_tokens)).where(*_OF_GRANT), into=RefreshToken
)
_FIND_REFRESH_TOKEN_AND_USER = _with_user(refresh_tokens, *_OF_GRANT, into=RefreshToken)
_ROTATION = (
    update(refresh_tokens)
    .where(
        _r.tenant_id == bindparam("tenant_id"),
        _r.grant_id == bindparam("grant_id_"),
        _r.token_hash == bindparam("hash_"),
        _r.expires_at > _NOW,
    )
    .values(
        token_hash=bindparam("new_hash"),
        issued_at=bindparam("new_issued_at"),
        expires_at=bindparam("new_expires_at"),
    )
)
_ROTATE_REFRESH_TOKEN = Statement(_ROTATION)
_BIND_REFRESH_TOKEN = Statement(_ROTATION.values(context=bindparam("new_context")))
_TENANT = bindparam("tenant_id", type_=String())
_SESSION = bindparam("session_id", type_=String())
_REVOKED = select(revoked_tokens.c.token_hash).where(
    revoked_tokens.c.tenant_id == _TENANT, revoked_tokens.c.token_hash == bindparam("hash_")
)
_USER_COLUMNS, _USERS, _IS_WELCOME = welcome_user(
    tenant_id=_TENANT, user_id=bindparam("user_id_", type_=String())
)
_HOLDER = (
    select(*_USER_COLUMNS)
    .select_from(_USERS)
    .where(
        _IS_WELCOME,
        stands(tenant_id=_TENANT, grant_id=bindparam("grant_id_", type_=String())),
        or_(_SESSION.is_(None), lives(tenant_id=_TENANT, session_id=_SESSION, now=_NOW)),
        ~exists(_REVOKED),
    )
)
_FIND_HOLDER = Statement(_HOLDER, into=User)
_HAS_HOLDER = Statement(_HOLDER.with_only_columns(_USERS.c.id, maintain_column_froms=True))
_FIND_REVOKED = Statement(_REVOKED)
_REVOKE = insert_new_statement(revoked_tokens)
_SWEEPS = tuple(
    delete_batch(table, table.c.expires_at <= _NOW)
    for table in (authorization_codes, revoked_tokens)
)


async def add_code(tx: Transaction, *, tenant_id: str, code: AuthorizationCode) -> None:
    """Store a new authorization code."""
    await tx.execute(
        _INSERT_CODE,
        tenant_id=tenant_id,
        code_hash=code.code_hash,
        grant_id=code.grant_id,
        client_id=code.client_id,
        user_id=code.user_id,
        session_id=code.session_id,
        redirect_uri=code.redirect_uri,
        is_redirect_uri_required=code.is_redirect_uri_required,
        code_challenge=code.code_challenge,
        nonce=code.nonce,
        scope=code.scope,
        resources=code.resources,
        context=code.context,
        authenticated_at=code.authenticated_at,
        expires_at=code.expires_at,
        consumed_at=None,
    )


async def find_code_and_user(
    db: Executor, *, tenant_id: str, code: str
) -> tuple[AuthorizationCode, User] | None:
    """Return the row of a code, expired and consumed ones too."""
    return await db.one(_FIND_CODE_AND_USER, tenant_id=tenant_id, hash_=hash_token(code))


async def consume_code(
    tx: Transaction, *, tenant_id: str, code: AuthorizationCode, now: datetime
) -> bool:
    """Mark a code as used; True for the one caller that may act on it."""
    count = await tx.execute(
        _CONSUME_CODE,
        tenant_id=tenant_id,
        hash_=code.code_hash,
        now=now,
        new_consumed_at=now,
    )
    return count == 1


async def add_refresh_token(tx: Transaction, *, tenant_id: str, token: RefreshToken) -> None:
    """Store the refresh token of a grant."""
    await tx.execute(
        _INSERT_REFRESH_TOKEN,
        tenant_id=tenant_id,
        grant_id=token.grant_id,
        token_hash=token.token_hash,
        client_id=token.client_id,
        user_id=token.user_id,
        session_id=token.session_id,
        scope=token.scope,
        resources=token.resources,
        context=token.context,
        authenticated_at=token.authenticated_at,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        family_expires_at=token.family_expires_at,
    )


async def find_refresh_token(db: Executor, *, tenant_id: str, grant_id: str) -> RefreshToken | None:
    """Return the row of a grant's refresh token, an expired one too."""
    return await db.one(_FIND_REFRESH_TOKEN, tenant_id=tenant_id, grant_id_=grant_id)


async def find_refresh_token_and_user(
    db: Executor, *, tenant_id: str, grant_id: str
) -> tuple[RefreshToken, User] | None:
    """Return the same row with its user, who may be suspended. One statement: it is used often."""
    return await db.one(_FIND_REFRESH_TOKEN_AND_USER, tenant_id=tenant_id, grant_id_=grant_id)


async def rotate_refresh_token(
    tx: Transaction,
    *,
    tenant_id: str,
    known: RefreshToken,
    token_hash: str,
    expires_at: datetime,
    now: datetime,
    context: TokenContext | None = None,
) -> bool:
    """Put a new token in the place of a known one; True for the one caller that may hand it out.

    With a `context` the new one gets that in place of what the known one had.
    """
    changes: dict[str, Any] = {} if context is None else {"new_context": context}
    count = await tx.execute(
        _ROTATE_REFRESH_TOKEN if context is None else _BIND_REFRESH_TOKEN,
        tenant_id=tenant_id,
        grant_id_=known.grant_id,
        hash_=known.token_hash,
        now=now,
        new_hash=token_hash,
        new_issued_at=now,
        new_expires_at=expires_at,
        **changes,
    )
    return count == 1


async def find_holder(
    db: Executor, *, tenant_id: str, token: AccessToken, value: str, now: datetime
) -> User | None:
    """Return the user of an opaque access token that is good: not revoked, its grant not ended, its
    user not suspended, the session it hangs on alive. One statement, for it is asked at each call
    of an API."""
    if token.user_id is None:
        return None
    return await db.one(
        _FIND_HOLDER, **_holding(tenant_id=tenant_id, token=token, value=value, now=now)
    )


async def is_access_token_good(
    db: Executor, *, tenant_id: str, token: AccessToken, value: str, now: datetime
) -> bool:
    """Tell the same of a token whose user is not needed, or that is a machine's."""
    if token.user_id is None:
        revoked = await db.one(_FIND_REVOKED, tenant_id=tenant_id, hash_=hash_token(value))
        return revoked is None
    found = await db.one(
        _HAS_HOLDER, **_holding(tenant_id=tenant_id, token=token, value=value, now=now)
    )
    return found is not None


def _holding(*, tenant_id: str, token: AccessToken, value: str, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "user_id_": token.user_id,
        "grant_id_": token.grant_id,
        "session_id": token.session_id,
        "hash_": hash_token(value),
        "now": now,
    }


async def revoke_access_token(
    tx: Transaction, *, tenant_id: str, token: AccessToken, value: str
) -> bool:
    """Remember that an opaque access token is worth nothing; False when it was known already."""
    count = await tx.execute(
        _REVOKE, tenant_id=tenant_id, token_hash=hash_token(value), expires_at=token.expires_at
    )
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_tokens(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired codes, and what is remembered of expired tokens; return how many rows."""
    return sum([await tx.execute(sweep, now=now) for sweep in _SWEEPS])
