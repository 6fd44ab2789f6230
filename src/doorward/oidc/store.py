"""Rows of codes and tokens. Only hashes of bearer values come here (see `bearer.py`).

What may be used once is used by one conditional UPDATE whose row count is the gate: of any number
of callers at once, one passes. Grants are a slice of their own (`doorward.grants`); deleting one
deletes every code and token of it. Refresh tokens have no sweep: they go with their grant.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, bindparam, delete, or_, select, update

from doorward.kit.crypto import hash_token
from doorward.oidc.tables import (
    AccessToken,
    AuthorizationCode,
    MachineToken,
    RefreshToken,
    TokenContext,
    access_tokens,
    authorization_codes,
    machine_tokens,
    refresh_tokens,
)
from doorward.sessions.store import lives
from doorward.storage import Executor, Statement, Timestamp, Transaction, insert_statement
from doorward.storage.expiry import delete_batch
from doorward.users.store import is_welcome, joined_user, welcome_user
from doorward.users.tables import User

_c, _r, _a = authorization_codes.c, refresh_tokens.c, access_tokens.c
_NOW = bindparam("now", type_=Timestamp())
T = TypeVar("T")

_INSERT_CODE = insert_statement(authorization_codes)
_INSERT_REFRESH_TOKEN = insert_statement(refresh_tokens)
_INSERT_ACCESS_TOKEN = insert_statement(access_tokens)
_INSERT_MACHINE_TOKEN = insert_statement(machine_tokens)


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
_IS_GOOD = (
    _a.tenant_id == bindparam("tenant_id"),
    _a.grant_id == bindparam("grant_id_"),
    _a.token_hash == bindparam("hash_"),
    _a.expires_at > _NOW,
    or_(
        _a.session_id.is_(None),
        lives(tenant_id=_a.tenant_id, session_id=_a.session_id, now=_NOW),
    ),
)
_FIND_ACCESS_TOKEN = Statement(
    select(*_columns(access_tokens)).where(
        *_IS_GOOD, is_welcome(tenant_id=_a.tenant_id, user_id=_a.user_id)
    ),
    into=AccessToken,
)
_USER_COLUMNS, _USERS, _IS_ITS_USER = welcome_user(tenant_id=_a.tenant_id, user_id=_a.user_id)
_FIND_ACCESS_TOKEN_AND_USER = Statement(
    select(*_columns(access_tokens), *_USER_COLUMNS).join(_USERS, _IS_ITS_USER).where(*_IS_GOOD),
    into=(AccessToken, User),
)
_DELETE_ACCESS_TOKEN = Statement(
    delete(access_tokens).where(
        _a.tenant_id == bindparam("tenant_id"),
        _a.grant_id == bindparam("grant_id_"),
        _a.token_hash == bindparam("hash_"),
    )
)
_THIS_MACHINE_TOKEN = (
    machine_tokens.c.tenant_id == bindparam("tenant_id"),
    machine_tokens.c.token_hash == bindparam("hash_"),
)
_FIND_MACHINE_TOKEN = Statement(
    select(*_columns(machine_tokens)).where(
        *_THIS_MACHINE_TOKEN, machine_tokens.c.expires_at > _NOW
    ),
    into=MachineToken,
)
_DELETE_MACHINE_TOKEN = Statement(delete(machine_tokens).where(*_THIS_MACHINE_TOKEN))
_SWEEPS = tuple(
    delete_batch(table, table.c.expires_at <= _NOW)
    for table in (access_tokens, authorization_codes, machine_tokens)
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


async def add_access_token(tx: Transaction, *, tenant_id: str, token: AccessToken) -> None:
    """Store a new opaque access token.

    Raises:
        ForeignKeyViolation: the grant was revoked meanwhile.
    """
    await tx.execute(
        _INSERT_ACCESS_TOKEN,
        tenant_id=tenant_id,
        grant_id=token.grant_id,
        token_hash=token.token_hash,
        client_id=token.client_id,
        user_id=token.user_id,
        session_id=token.session_id,
        scope=token.scope,
        authenticated_at=token.authenticated_at,
        context=token.context,
        audience=token.audience,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
    )


async def find_access_token(
    db: Executor, *, tenant_id: str, grant_id: str, token_hash: str, now: datetime
) -> AccessToken | None:
    """Return the row of an opaque access token that is good: not expired, its user not suspended,
    the session it hangs on alive. One statement, for it is asked at every call of an API."""
    return await db.one(
        _FIND_ACCESS_TOKEN, tenant_id=tenant_id, grant_id_=grant_id, hash_=token_hash, now=now
    )


async def find_access_token_and_user(
    db: Executor, *, tenant_id: str, grant_id: str, token_hash: str, now: datetime
) -> tuple[AccessToken, User] | None:
    """Return the same row, if it is good, with its user: still one statement."""
    return await db.one(
        _FIND_ACCESS_TOKEN_AND_USER,
        tenant_id=tenant_id,
        grant_id_=grant_id,
        hash_=token_hash,
        now=now,
    )


async def delete_access_token(tx: Transaction, *, tenant_id: str, token: AccessToken) -> bool:
    """Delete an opaque access token; False when it was gone already."""
    count = await tx.execute(
        _DELETE_ACCESS_TOKEN,
        tenant_id=tenant_id,
        grant_id_=token.grant_id,
        hash_=token.token_hash,
    )
    return count == 1


async def add_machine_token(tx: Transaction, *, tenant_id: str, token: MachineToken) -> None:
    """Store a new opaque access token of a machine."""
    await tx.execute(
        _INSERT_MACHINE_TOKEN,
        tenant_id=tenant_id,
        token_hash=token.token_hash,
        client_id=token.client_id,
        audience=token.audience,
        scope=token.scope,
        context=token.context,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
    )


async def find_machine_token(
    db: Executor, *, tenant_id: str, token_hash: str, now: datetime
) -> MachineToken | None:
    """Return the row of a machine's opaque access token that has not expired."""
    return await db.one(_FIND_MACHINE_TOKEN, tenant_id=tenant_id, hash_=token_hash, now=now)


async def delete_machine_token(tx: Transaction, *, tenant_id: str, token: MachineToken) -> bool:
    """Delete a machine's opaque access token; False when it was gone already."""
    count = await tx.execute(_DELETE_MACHINE_TOKEN, tenant_id=tenant_id, hash_=token.token_hash)
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_tokens(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired codes and access tokens and return how many."""
    return sum([await tx.execute(sweep, now=now) for sweep in _SWEEPS])
