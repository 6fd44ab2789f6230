"""The row of sign_in_experiences."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from doorward.errors import NotFound
from doorward.sign_in_experience.tables import StoredExperience, sign_in_experiences
from doorward.storage import Executor, Statement, Transaction, insert_statement

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
