"""Rows of applications and application_secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, Text, bindparam, cast, delete, select, update

from doorward.applications.tables import (
    Application,
    ApplicationSecret,
    application_secrets,
    applications,
)
from doorward.kit.crypto import Sealer
from doorward.roles.store import applications_with_role
from doorward.storage import Database, Executor, Statement, Transaction, insert_statement
from doorward.storage.listing import Listing, Window, fetch_window
from doorward.storage.search import Search, search_condition

SEAL_PURPOSE = "application_secrets.value"

_a = applications.c
_s = application_secrets.c
_SEARCHED = {"id": _a.id, "name": _a.name, "description": _a.description}
_INSERT = insert_statement(applications)
_THIS = (_a.tenant_id == bindparam("tenant_id"), _a.id == bindparam("application_id"))
_FIND = Statement(select(applications).where(*_THIS), into=Application)
_DELETE = Statement(delete(applications).where(*_THIS))
# Few applications say any of this, and it is asked when keys change: text is searched, not members.
_LIST_ID_TOKEN_LIFETIMES = Statement(
    select(_a.custom_client_metadata).where(
        _a.tenant_id == bindparam("tenant_id"),
        cast(_a.custom_client_metadata, Text).like("%idTokenTtl%"),
    )
)
_LIST_RESPONSE_ALGORITHMS = Statement(
    select(_a.oidc_client_metadata).where(
        _a.tenant_id == bindparam("tenant_id"),
        cast(_a.oidc_client_metadata, Text).like("%SignedResponseAlg%"),
    )
)
_INSERT_SECRET = insert_statement(application_secrets)
_LIST_SECRETS = Statement(
    select(application_secrets)
    .where(_s.tenant_id == bindparam("tenant_id"), _s.application_id == bindparam("application_id"))
    .order_by(_s.created_at, _s.name),
    into=ApplicationSecret,
)
_THIS_SECRET = (
    _s.tenant_id == bindparam("tenant_id"),
    _s.application_id == bindparam("application_id"),
    _s.name == bindparam("name_"),
)
_FIND_SECRET = Statement(select(application_secrets).where(*_THIS_SECRET), into=ApplicationSecret)
_RENAME_SECRET = Statement(
    update(application_secrets).where(*_THIS_SECRET).values(name=bindparam("new_name"))
)
_DELETE_SECRET = Statement(delete(application_secrets).where(*_THIS_SECRET))


class ApplicationFilter(msgspec.Struct, frozen=True):
    """What a list of applications is narrowed to; an empty field narrows nothing."""

    types: tuple[str, ...] = ()
    is_third_party: bool | None = None
    search: Search = Search()
    role_id: str | None = None
    excluded_role_id: str | None = None


async def add_application(tx: Transaction, *, tenant_id: str, application: Application) -> None:
    """Store a new application."""
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=application.id,
        name=application.name,
        description=application.description,
        type=application.type,
        oidc_client_metadata=application.oidc_client_metadata,
        custom_client_metadata=application.custom_client_metadata,
        custom_data=application.custom_data,
        is_third_party=application.is_third_party,
        created_at=application.created_at,
    )


async def find_application(
    db: Executor, *, tenant_id: str, application_id: str
) -> Application | None:
    """Return the application with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, application_id=application_id)


async def list_applications(
    db: Database, *, tenant_id: str, where: ApplicationFilter, window: Window
) -> Listing[Application]:
    """Return a window of the tenant's applications, newest first."""
    return await fetch_window(
        db,
        _narrowed(where, db),
        order_by=(_a.created_at.desc(), _a.id),
        into=Application,
        window=window,
        tenant_id=tenant_id,
    )


async def list_applications_by_id(
    db: Executor, *, tenant_id: str, ids: list[str]
) -> list[Application]:
    """Return those of the applications that exist."""
    query = select(applications).where(
        _a.tenant_id == bindparam("tenant_id"), _a.id.in_(list(dict.fromkeys(ids)))
    )
    return await db.all(Statement(query, into=Application), tenant_id=tenant_id)


async def longest_id_token_lifetime(db: Executor, *, tenant_id: str) -> int:
    """Return the longest lifetime that an application chose for its ID tokens, in seconds, or 0."""
    rows = await db.all(_LIST_ID_TOKEN_LIFETIMES, tenant_id=tenant_id)
    return max((row["custom_client_metadata"].get("idTokenTtl", 0) for row in rows), default=0)


async def list_signing_algorithms(db: Executor, *, tenant_id: str) -> set[str]:
    """Return the algorithms that applications chose for what is signed for them."""
    rows = await db.all(_LIST_RESPONSE_ALGORITHMS, tenant_id=tenant_id)
    return {
        value
        for row in rows
        for name, value in row["oidc_client_metadata"].items()
        if name.endswith("SignedResponseAlg") and isinstance(value, str)
    }


async def update_application(
    tx: Transaction, *, tenant_id: str, application_id: str, changes: dict[str, Any]
) -> bool:
    """Set columns of an application; False when there is no such application."""
    statement = update(applications).where(*_THIS).values(**changes)
    return await tx.execute(statement, tenant_id=tenant_id, application_id=application_id) == 1


async def delete_application(tx: Transaction, *, tenant_id: str, application_id: str) -> bool:
    """Delete an application with its secrets and roles; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, application_id=application_id) == 1


async def add_secret(
    tx: Transaction,
    *,
    tenant_id: str,
    application_id: str,
    name: str,
    value: str,
    sealer: Sealer,
    created_at: datetime,
    expires_at: datetime | None,
) -> None:
    """Store a named secret: sealed, and a keyed hash to find it by.

    Raises:
        UniqueViolation: pk_application_secrets, the application has a secret of this name.
    """
    await tx.execute(
        _INSERT_SECRET,
        tenant_id=tenant_id,
        application_id=application_id,
        name=name,
        value=sealer.seal(value, purpose=SEAL_PURPOSE),
        value_hash=sealer.lookup_hash(value),
        created_at=created_at,
        expires_at=expires_at,
    )


async def list_secrets(
    db: Executor, *, tenant_id: str, application_id: str
) -> list[ApplicationSecret]:
    """Return the secrets of an application, oldest first."""
    return await db.all(_LIST_SECRETS, tenant_id=tenant_id, application_id=application_id)


async def find_secret(
    db: Executor, *, tenant_id: str, application_id: str, name: str
) -> ApplicationSecret | None:
    """Return the secret of this name."""
    return await db.one(
        _FIND_SECRET, tenant_id=tenant_id, application_id=application_id, name_=name
    )


async def rename_secret(
    tx: Transaction, *, tenant_id: str, application_id: str, name: str, new_name: str
) -> bool:
    """Give a secret another name; False when there is no such secret.

    Raises:
        UniqueViolation: pk_application_secrets, the application has a secret of that name.
    """
    changed = await tx.execute(
        _RENAME_SECRET,
        tenant_id=tenant_id,
        application_id=application_id,
        name_=name,
        new_name=new_name,
    )
    return changed == 1


async def delete_secret(tx: Transaction, *, tenant_id: str, application_id: str, name: str) -> bool:
    """Delete a secret; False when it was gone already."""
    deleted = await tx.execute(
        _DELETE_SECRET, tenant_id=tenant_id, application_id=application_id, name_=name
    )
    return deleted == 1


def _narrowed(where: ApplicationFilter, db: Database) -> Select[Any]:
    query = select(applications).where(_a.tenant_id == bindparam("tenant_id"))
    if where.types:
        query = query.where(_a.type.in_(where.types))
    if where.is_third_party is not None:
        query = query.where(_a.is_third_party.is_(where.is_third_party))
    if where.role_id is not None:
        query = query.where(_a.id.in_(applications_with_role(where.role_id)))
    if where.excluded_role_id is not None:
        query = query.where(_a.id.not_in(applications_with_role(where.excluded_role_id)))
    if where.search.terms:
        query = query.where(search_condition(where.search, columns=_SEARCHED, db=db))
    return query
