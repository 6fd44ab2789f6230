"""Rows of users and user_identities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)

from doorward.roles.store import users_with_role
from doorward.storage import Database, Executor, Statement, Transaction, insert_statement
from doorward.storage.listing import Listing, Window, fetch_window
from doorward.storage.search import Search, search_condition
from doorward.users.tables import Identity, User, user_identities, users

_u = users.c
_i = user_identities.c
_COLUMNS = [column for column in users.c if column.name != "tenant_id"]
_IDENTITY_COLUMNS = [column for column in user_identities.c if column.name != "tenant_id"]
_INSERT = insert_statement(users)
_INSERT_IDENTITY = insert_statement(user_identities)
_FIND = Statement(
    select(*_COLUMNS).where(_u.tenant_id == bindparam("tenant_id"), _u.id == bindparam("user_id")),
    into=User,
)
_FIND_BY_USERNAME = Statement(
    select(*_COLUMNS).where(
        _u.tenant_id == bindparam("tenant_id"), _u.username == bindparam("username_")
    ),
    into=User,
)
_FIND_BY_FOLDED_USERNAME = Statement(
    select(*_COLUMNS).where(
        _u.tenant_id == bindparam("tenant_id"),
        func.lower(_u.username) == func.lower(bindparam("username_")),
    ),
    into=User,
)
_FIND_BY_EMAIL = Statement(
    select(*_COLUMNS).where(
        _u.tenant_id == bindparam("tenant_id"),
        func.lower(_u.primary_email) == func.lower(bindparam("email")),
    ),
    into=User,
)
_FIND_BY_PHONE = Statement(
    select(*_COLUMNS).where(
        _u.tenant_id == bindparam("tenant_id"), _u.primary_phone == bindparam("phone")
    ),
    into=User,
)
_FIND_BY_IDENTITY = Statement(
    select(*_COLUMNS)
    .join(user_identities, (_i.tenant_id == _u.tenant_id) & (_i.user_id == _u.id))
    .where(
        _u.tenant_id == bindparam("tenant_id"),
        _i.target == bindparam("target_"),
        _i.identity_id == bindparam("identity_id_"),
    ),
    into=User,
)
_LIST_IDENTITIES = Statement(
    select(*_IDENTITY_COLUMNS)
    .where(_i.tenant_id == bindparam("tenant_id"), _i.user_id == bindparam("user_id_"))
    .order_by(_i.target),
    into=Identity,
)
_RECORD_SIGN_IN = Statement(
    update(users)
    .where(_u.tenant_id == bindparam("tenant_id"), _u.id == bindparam("user_id_"))
    .values(last_sign_in_at=bindparam("new_last_sign_in_at", type_=_u.last_sign_in_at.type))
)
_THIS_IDENTITY = (
    _i.tenant_id == bindparam("tenant_id"),
    _i.user_id == bindparam("user_id_"),
    _i.target == bindparam("target_"),
)
_DELETE_IDENTITY = Statement(delete(user_identities).where(*_THIS_IDENTITY))
_DELETE = Statement(
    delete(users).where(_u.tenant_id == bindparam("tenant_id"), _u.id == bindparam("user_id"))
)
# PostgreSQL makes a second reader of the row wait; SQLite has one writer at a time anyway.
_LOCK = Statement(
    select(*_COLUMNS)
    .where(_u.tenant_id == bindparam("tenant_id"), _u.id == bindparam("user_id"))
    .with_for_update(),
    into=User,
)
_CREATED_SINCE = Statement(
    select(func.count()).where(
        _u.tenant_id == bindparam("tenant_id"),
        _u.created_at >= bindparam("since", type_=_u.created_at.type),
        _u.created_at < bindparam("until", type_=_u.created_at.type),
    )
)
_SEARCHED = {
    "id": _u.id,
    "primaryEmail": _u.primary_email,
    "primaryPhone": _u.primary_phone,
    "username": _u.username,
    "name": _u.name,
}
_COUNT = Statement(
    select(func.count()).select_from(users).where(_u.tenant_id == bindparam("tenant_id"))
)
_ANY = Statement(select(_u.id).where(_u.tenant_id == bindparam("tenant_id")).limit(1))


class UserFilter(msgspec.Struct, frozen=True):
    """What a list of users is narrowed to; an empty field narrows nothing."""

    search: Search = Search()
    role_id: str | None = None
    excluded_role_id: str | None = None


def is_welcome(
    *, tenant_id: ColumnElement[str], user_id: ColumnElement[str]
) -> ColumnElement[bool]:
    """Return the condition that a user is there and not suspended, for rows that hang on one."""
    return exists(
        select(_u.id).where(_u.tenant_id == tenant_id, _u.id == user_id, _u.is_suspended.is_(False))
    )


def joined_user(
    *, tenant_id: ColumnElement[str], user_id: ColumnElement[str]
) -> tuple[list[ColumnElement[Any]], FromClause, ColumnElement[bool]]:
    """Return columns, table and condition that join the User of such rows to them."""
    return [*_COLUMNS], users, (_u.tenant_id == tenant_id) & (_u.id == user_id)


def welcome_user(
    *, tenant_id: ColumnElement[str], user_id: ColumnElement[str]
) -> tuple[list[ColumnElement[Any]], FromClause, ColumnElement[bool]]:
    """Return the same, for users who are not suspended alone."""
    columns, table, condition = joined_user(tenant_id=tenant_id, user_id=user_id)
    return columns, table, condition & _u.is_suspended.is_(False)


async def add_user(tx: Transaction, *, tenant_id: str, user: User) -> None:
    """Store a new user.

    Raises:
        UniqueViolation: uq_users_username, uq_users_primary_email or uq_users_primary_phone.
    """
    values: dict[str, Any] = {name: getattr(user, name) for name in User.__struct_fields__}
    await tx.execute(_INSERT, tenant_id=tenant_id, **values)


async def update_user(
    tx: Transaction, *, tenant_id: str, user_id: str, now: datetime, **changes: Any
) -> bool:
    """Set columns of a user; False when there is no such user.

    Raises:
        UniqueViolation: as for add_user.
    """
    statement = (
        update(users)
        .where(_u.tenant_id == bindparam("tenant_id"), _u.id == bindparam("user_id"))
        .values(updated_at=now, **changes)
    )
    return await tx.execute(statement, tenant_id=tenant_id, user_id=user_id) == 1


async def record_sign_in(tx: Transaction, *, tenant_id: str, user_id: str, now: datetime) -> bool:
    """Note when a user signed in; False when there is no such user. `updated_at` stays."""
    count = await tx.execute(
        _RECORD_SIGN_IN, tenant_id=tenant_id, user_id_=user_id, new_last_sign_in_at=now
    )
    return count == 1


async def find_user(db: Executor, *, tenant_id: str, user_id: str) -> User | None:
    """Return the user with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, user_id=user_id)


async def lock_user(tx: Transaction, *, tenant_id: str, user_id: str) -> User | None:
    """Return a user that nobody else changes until the transaction ends."""
    return await tx.one(_LOCK, tenant_id=tenant_id, user_id=user_id)


async def list_users_by_id(db: Executor, *, tenant_id: str, ids: list[str]) -> list[User]:
    """Return those of the users that exist."""
    query = select(*_COLUMNS).where(
        _u.tenant_id == bindparam("tenant_id"), _u.id.in_(list(dict.fromkeys(ids)))
    )
    return await db.all(Statement(query, into=User), tenant_id=tenant_id)


async def list_users(
    db: Database, *, tenant_id: str, where: UserFilter, window: Window
) -> Listing[User]:
    """Return a window of the tenant's users, newest first."""
    return await fetch_window(
        db,
        _narrowed(where, db),
        order_by=(_u.created_at.desc(), _u.id),
        into=User,
        window=window,
        tenant_id=tenant_id,
    )


async def delete_user(tx: Transaction, *, tenant_id: str, user_id: str) -> bool:
    """Delete a user with identities, roles, sessions and tokens; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, user_id=user_id) == 1


async def find_user_by_username(
    db: Executor, *, tenant_id: str, username: str, is_case_sensitive: bool = True
) -> User | None:
    """Return the user of this name, by the tenant's rule on case."""
    statement = _FIND_BY_USERNAME if is_case_sensitive else _FIND_BY_FOLDED_USERNAME
    return await db.one(statement, tenant_id=tenant_id, username_=username)


async def find_user_by_email(db: Executor, *, tenant_id: str, email: str) -> User | None:
    """Return the user of this e-mail address, whatever its case."""
    return await db.one(_FIND_BY_EMAIL, tenant_id=tenant_id, email=email)


async def find_user_by_phone(db: Executor, *, tenant_id: str, phone: str) -> User | None:
    """Return the user of this phone number (digits only)."""
    return await db.one(_FIND_BY_PHONE, tenant_id=tenant_id, phone=phone)


async def find_user_by_identity(
    db: Executor, *, tenant_id: str, target: str, identity_id: str
) -> User | None:
    """Return the user whom this person of the provider is."""
    return await db.one(
        _FIND_BY_IDENTITY, tenant_id=tenant_id, target_=target, identity_id_=identity_id
    )


async def add_identity(tx: Transaction, *, tenant_id: str, identity: Identity) -> None:
    """Link a social identity.

    Raises:
        UniqueViolation: uq_user_identities_identity, another user has it already.
    """
    await tx.execute(
        _INSERT_IDENTITY,
        tenant_id=tenant_id,
        user_id=identity.user_id,
        target=identity.target,
        identity_id=identity.identity_id,
        details=identity.details,
        created_at=identity.created_at,
    )


async def list_identities(db: Executor, *, tenant_id: str, user_id: str) -> list[Identity]:
    """Return the social identities of a user."""
    return await db.all(_LIST_IDENTITIES, tenant_id=tenant_id, user_id_=user_id)


async def list_identities_of_users(
    db: Executor, *, tenant_id: str, user_ids: list[str]
) -> list[Identity]:
    """Return the social identities of several users."""
    query = (
        select(*_IDENTITY_COLUMNS)
        .where(_i.tenant_id == bindparam("tenant_id"), _i.user_id.in_(user_ids))
        .order_by(_i.user_id, _i.target)
    )
    return await db.all(Statement(query, into=Identity), tenant_id=tenant_id)


async def remove_identity(tx: Transaction, *, tenant_id: str, user_id: str, target: str) -> bool:
    """Unlink a social identity; False when the user has none of this target."""
    removed = await tx.execute(
        _DELETE_IDENTITY, tenant_id=tenant_id, user_id_=user_id, target_=target
    )
    return removed == 1


async def list_name_conflicts(
    db: Executor, *, tenant_id: str, limit: int
) -> tuple[int, list[tuple[str, tuple[str, ...]]]]:
    """Return how many names differ from another only in case, and some with their users' ids."""
    folded = func.lower(_u.username).label("folded")
    groups = (
        select(folded)
        .where(_u.tenant_id == bindparam("tenant_id"), _u.username.is_not(None))
        .group_by(folded)
        .having(func.count() > 1)
    )
    total = int(
        await db.value(select(func.count()).select_from(groups.subquery()), tenant_id=tenant_id)
    )
    some = groups.order_by(folded).limit(limit).subquery()
    query = (
        select(folded, _u.id)
        .where(_u.tenant_id == bindparam("tenant_id"), folded.in_(select(some.c.folded)))
        .order_by(folded, _u.id)
    )
    by_name: dict[str, list[str]] = {}
    for row in await db.all(query, tenant_id=tenant_id):
        by_name.setdefault(row["folded"], []).append(row["id"])
    return total, [(name, tuple(ids)) for name, ids in by_name.items()]


async def count_users(db: Executor, *, tenant_id: str) -> int:
    """Return how many users the tenant has."""
    return int(await db.value(_COUNT, tenant_id=tenant_id))


async def count_new_users(db: Executor, *, tenant_id: str, since: datetime, until: datetime) -> int:
    """Return how many users were created from `since` until before `until`."""
    return int(await db.value(_CREATED_SINCE, tenant_id=tenant_id, since=since, until=until))


async def has_users(db: Executor, *, tenant_id: str) -> bool:
    """Tell whether the tenant has any user."""
    return await db.one(_ANY, tenant_id=tenant_id) is not None


def _narrowed(where: UserFilter, db: Database) -> Select[Any]:
    query = select(*_COLUMNS).where(_u.tenant_id == bindparam("tenant_id"))
    if where.role_id is not None:
        query = query.where(_u.id.in_(users_with_role(where.role_id)))
    if where.excluded_role_id is not None:
        query = query.where(_u.id.not_in(users_with_role(where.excluded_role_id)))
    if where.search.terms:
        query = query.where(search_condition(where.search, columns=_SEARCHED, db=db))
    return query
