"""Rows of sign_in_experiences, and of what an application changes of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from doorward.errors import NotFound
from doorward.sign_in_experience.tables import (
    StoredExperience,
    application_sign_in_experiences,
    sign_in_experiences,
)
from doorward.storage import (
    Executor,
    Statement,
    Transaction,
    insert_new_statement,
    insert_statement,
)

EXPERIENCE_ID = "default"

_t = sign_in_experiences.c
_HERE = _t.tenant_id == bindparam("tenant_id")
_INSERT = insert_statement(sign_in_experiences)
_FIND = Statement(select(_t.id, _t.sign_in_mode, _t.document).where(_HERE), into=StoredExperience)
_SAVE = Statement(
    update(sign_in_experiences)
    .where(_HERE)
    .values(sign_in_mode=bindparam("new_mode"), document=bindparam("new_document"))
)
_HOLD = Statement(update(sign_in_experiences).where(_HERE).values(sign_in_mode=_t.sign_in_mode))
_CLOSE = Statement(
    update(sign_in_experiences)
    .where(_HERE, _t.sign_in_mode == "Register")
    .values(sign_in_mode="SignIn")
)

_a = application_sign_in_experiences.c
_THIS_APPLICATION = (
    _a.tenant_id == bindparam("tenant_id"),
    _a.application_id == bindparam("application_id_"),
)
_INSERT_OF_APPLICATION = insert_new_statement(application_sign_in_experiences)
_FIND_OF_APPLICATION = Statement(select(_a.document).where(*_THIS_APPLICATION))
_SAVE_OF_APPLICATION = Statement(
    update(application_sign_in_experiences)
    .where(*_THIS_APPLICATION)
    .values(document=bindparam("new_document"))
)


async def add_experience(
    tx: Transaction, *, tenant_id: str, sign_in_mode: str, document: dict[str, Any]
) -> None:
    """Store the experience of a new tenant."""
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=EXPERIENCE_ID,
        sign_in_mode=sign_in_mode,
        document=document,
    )


async def get_experience(db: Executor, *, tenant_id: str) -> StoredExperience:
    """Return the tenant's experience.

    Raises:
        NotFound: the tenant was never seeded.
    """
    stored = await db.one(_FIND, tenant_id=tenant_id)
    if stored is None:
        raise NotFound("sign-in experience", tenant_id)
    return stored


async def save_experience(
    tx: Transaction, *, tenant_id: str, sign_in_mode: str, document: dict[str, Any]
) -> None:
    """Replace the tenant's experience; the caller has validated it."""
    await tx.execute(_SAVE, tenant_id=tenant_id, new_mode=sign_in_mode, new_document=document)


async def hold_experience(tx: Transaction, *, tenant_id: str) -> None:
    """Let registrations of a tenant that come at once pass one after the other."""
    await tx.execute(_HOLD, tenant_id=tenant_id)


async def close_registration(tx: Transaction, *, tenant_id: str) -> bool:
    """Turn Register into SignIn; True for the one caller that found it open."""
    return await tx.execute(_CLOSE, tenant_id=tenant_id) == 1


async def find_application_experience(
    db: Executor, *, tenant_id: str, application_id: str
) -> dict[str, Any] | None:
    """Return the document in which an application says what differs for it."""
    row = await db.one(_FIND_OF_APPLICATION, tenant_id=tenant_id, application_id_=application_id)
    return None if row is None else row["document"]


async def save_application_experience(
    tx: Transaction, *, tenant_id: str, application_id: str, document: dict[str, Any]
) -> bool:
    """Store the document of an application; True when it had none before.

    Raises:
        ForeignKeyViolation: there is no such application.
    """
    is_new = await tx.execute(
        _INSERT_OF_APPLICATION,
        tenant_id=tenant_id,
        application_id=application_id,
        document=document,
    )
    if not is_new:
        await tx.execute(
            _SAVE_OF_APPLICATION,
            tenant_id=tenant_id,
            application_id_=application_id,
            new_document=document,
        )
    return is_new == 1
