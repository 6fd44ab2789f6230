"""Rows of ceilings and consents. All clients with a document (slice `cimd`) share one ceiling."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from doorward.consents.tables import (
    Consent,
    cimd_resource_scopes,
    cimd_user_scopes,
    consent_resource_scopes,
    consent_user_scopes,
    consents,
)
from doorward.storage import Executor, Statement, Transaction, insert_new_statement

_u, _r, _c = consent_user_scopes.c, consent_resource_scopes.c, consents.c
_cu, _cr = cimd_user_scopes.c, cimd_resource_scopes.c

_ADD_USER_SCOPE = insert_new_statement(consent_user_scopes)
_LIST_USER_SCOPES = Statement(
    select(_u.user_scope)
    .where(
        _u.tenant_id == bindparam("tenant_id"), _u.application_id == bindparam("application_id_")
    )
    .order_by(_u.user_scope)
)
_REMOVE_USER_SCOPE = Statement(
    delete(consent_user_scopes).where(
        _u.tenant_id == bindparam("tenant_id"),
        _u.application_id == bindparam("application_id_"),
        _u.user_scope == bindparam("user_scope_"),
    )
)
_ADD_RESOURCE_SCOPE = insert_new_statement(consent_resource_scopes)
_LIST_RESOURCE_SCOPES = Statement(
    select(_r.scope_id).where(
        _r.tenant_id == bindparam("tenant_id"), _r.application_id == bindparam("application_id_")
    )
)
_REMOVE_RESOURCE_SCOPE = Statement(
    delete(consent_resource_scopes).where(
        _r.tenant_id == bindparam("tenant_id"),
        _r.application_id == bindparam("application_id_"),
        _r.scope_id == bindparam("scope_id_"),
    )
)
_OF_USER = (_c.tenant_id == bindparam("tenant_id"), _c.user_id == bindparam("user_id_"))
_THIS = (*_OF_USER, _c.client_id == bindparam("client_id_"))
_INSERT = insert_new_statement(consents)
_FIND = Statement(select(_c.scopes, _c.resource_scopes, _c.given_at).where(*_THIS), into=Consent)
_REPLACE = Statement(
    update(consents)
    .where(*_THIS)
    .values(
        scopes=bindparam("new_scopes"),
        resource_scopes=bindparam("new_resource_scopes"),
        given_at=bindparam("new_given_at"),
    )
)
_DELETE = Statement(delete(consents).where(*_THIS))
_DELETE_OF_USER = Statement(delete(consents).where(*_OF_USER))
_DELETE_OF_CLIENT = Statement(
    delete(consents).where(
        _c.tenant_id == bindparam("tenant_id"), _c.client_id == bindparam("client_id_")
    )
)
_ADD_CIMD_USER_SCOPE = insert_new_statement(cimd_user_scopes)
_LIST_CIMD_USER_SCOPES = Statement(
    select(_cu.user_scope).where(_cu.tenant_id == bindparam("tenant_id")).order_by(_cu.user_scope)
)
_REMOVE_CIMD_USER_SCOPE = Statement(
    delete(cimd_user_scopes).where(
        _cu.tenant_id == bindparam("tenant_id"), _cu.user_scope == bindparam("user_scope_")
    )
)
_ADD_CIMD_RESOURCE_SCOPE = insert_new_statement(cimd_resource_scopes)
_LIST_CIMD_RESOURCE_SCOPES = Statement(
    select(_cr.scope_id).where(_cr.tenant_id == bindparam("tenant_id"))
)
_REMOVE_CIMD_RESOURCE_SCOPE = Statement(
    delete(cimd_resource_scopes).where(
        _cr.tenant_id == bindparam("tenant_id"), _cr.scope_id == bindparam("scope_id_")
    )
)


async def add_user_scope(
    tx: Transaction, *, tenant_id: str, application_id: str, user_scope: str
) -> None:
    """Put a scope about the user into a ceiling; again does no harm."""
    await tx.execute(
        _ADD_USER_SCOPE, tenant_id=tenant_id, application_id=application_id, user_scope=user_scope
    )


async def list_user_scopes(db: Executor, *, tenant_id: str, application_id: str) -> list[str]:
    """Return the scopes about the user of a ceiling."""
    rows = await db.all(_LIST_USER_SCOPES, tenant_id=tenant_id, application_id_=application_id)
    return [row["user_scope"] for row in rows]


async def remove_user_scope(
    tx: Transaction, *, tenant_id: str, application_id: str, user_scope: str
) -> bool:
    """Take a scope about the user out of a ceiling; False when it was not in it."""
    count = await tx.execute(
        _REMOVE_USER_SCOPE,
        tenant_id=tenant_id,
        application_id_=application_id,
        user_scope_=user_scope,
    )
    return count == 1


async def add_resource_scope(
    tx: Transaction, *, tenant_id: str, application_id: str, scope_id: str
) -> None:
    """Put a scope of an API resource into a ceiling; again does no harm.

    Raises:
        ForeignKeyViolation: the application or the scope does not exist.
    """
    await tx.execute(
        _ADD_RESOURCE_SCOPE, tenant_id=tenant_id, application_id=application_id, scope_id=scope_id
    )


async def list_resource_scope_ids(
    db: Executor, *, tenant_id: str, application_id: str
) -> list[str]:
    """Return the ids of the resource scopes of a ceiling."""
    rows = await db.all(_LIST_RESOURCE_SCOPES, tenant_id=tenant_id, application_id_=application_id)
    return [row["scope_id"] for row in rows]


async def remove_resource_scope(
    tx: Transaction, *, tenant_id: str, application_id: str, scope_id: str
) -> bool:
    """Take a resource scope out of a ceiling; False when it was not in it."""
    count = await tx.execute(
        _REMOVE_RESOURCE_SCOPE,
        tenant_id=tenant_id,
        application_id_=application_id,
        scope_id_=scope_id,
    )
    return count == 1


async def add_cimd_user_scope(tx: Transaction, *, tenant_id: str, user_scope: str) -> None:
    """Put a scope about the user into the shared ceiling; again does no harm."""
    await tx.execute(_ADD_CIMD_USER_SCOPE, tenant_id=tenant_id, user_scope=user_scope)


async def list_cimd_user_scopes(db: Executor, *, tenant_id: str) -> list[str]:
    """Return the scopes about the user of the shared ceiling."""
    return [row["user_scope"] for row in await db.all(_LIST_CIMD_USER_SCOPES, tenant_id=tenant_id)]


async def remove_cimd_user_scope(tx: Transaction, *, tenant_id: str, user_scope: str) -> bool:
    """Take a scope about the user out of the shared ceiling; False when it was not in it."""
    return (
        await tx.execute(_REMOVE_CIMD_USER_SCOPE, tenant_id=tenant_id, user_scope_=user_scope) == 1
    )


async def add_cimd_resource_scope(tx: Transaction, *, tenant_id: str, scope_id: str) -> None:
    """Put a scope of an API resource into the shared ceiling; again does no harm.

    Raises:
        ForeignKeyViolation: the scope does not exist.
    """
    await tx.execute(_ADD_CIMD_RESOURCE_SCOPE, tenant_id=tenant_id, scope_id=scope_id)


async def list_cimd_resource_scope_ids(db: Executor, *, tenant_id: str) -> list[str]:
    """Return the ids of the resource scopes of the shared ceiling."""
    return [
        row["scope_id"] for row in await db.all(_LIST_CIMD_RESOURCE_SCOPES, tenant_id=tenant_id)
    ]


async def remove_cimd_resource_scope(tx: Transaction, *, tenant_id: str, scope_id: str) -> bool:
    """Take a resource scope out of the shared ceiling; False when it was not in it."""
    return (
        await tx.execute(_REMOVE_CIMD_RESOURCE_SCOPE, tenant_id=tenant_id, scope_id_=scope_id) == 1
    )


async def find_consent(
    db: Executor, *, tenant_id: str, user_id: str, client_id: str
) -> Consent | None:
    """Return what a user allowed a client."""
    return await db.one(_FIND, tenant_id=tenant_id, user_id_=user_id, client_id_=client_id)


async def save_consent(
    tx: Transaction, *, tenant_id: str, user_id: str, client_id: str, consent: Consent
) -> None:
    """Store what a user allows a client, in the place of what they allowed before.

    Raises:
        ForeignKeyViolation: the user is gone.
    """
    is_new = await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        user_id=user_id,
        client_id=client_id,
        scopes=consent.scopes,
        resource_scopes=consent.resource_scopes,
        given_at=consent.given_at,
    )
    if is_new:
        return
    await tx.execute(
        _REPLACE,
        tenant_id=tenant_id,
        user_id_=user_id,
        client_id_=client_id,
        new_scopes=consent.scopes,
        new_resource_scopes=consent.resource_scopes,
        new_given_at=consent.given_at,
    )


async def withdraw_consent(
    tx: Transaction, *, tenant_id: str, user_id: str, client_id: str
) -> bool:
    """Forget what a user allowed a client; False when there was nothing."""
    count = await tx.execute(_DELETE, tenant_id=tenant_id, user_id_=user_id, client_id_=client_id)
    return count == 1


async def withdraw_consents_of_user(tx: Transaction, *, tenant_id: str, user_id: str) -> int:
    """Forget what a user allowed anybody; return to how many."""
    return await tx.execute(_DELETE_OF_USER, tenant_id=tenant_id, user_id_=user_id)


async def forget_consents_to(tx: Transaction, *, tenant_id: str, client_id: str) -> int:
    """Forget what anybody allowed a client; return how many had."""
    return await tx.execute(_DELETE_OF_CLIENT, tenant_id=tenant_id, client_id_=client_id)


def merged(known: Consent | None, *, now: datetime, consent: Consent) -> Consent:
    """Return what is allowed when `consent` is added to what was known."""
    if known is None:
        return consent
    resources = {
        indicator: tuple(
            dict.fromkeys(
                (
                    *known.resource_scopes.get(indicator, ()),
                    *consent.resource_scopes.get(indicator, ()),
                )
            )
        )
        for indicator in (*known.resource_scopes, *consent.resource_scopes)
    }
    return Consent(tuple(dict.fromkeys((*known.scopes, *consent.scopes))), resources, now)
