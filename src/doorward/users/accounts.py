"""What an administrator does to a user's account, from the API or the console.

Suspending ends sessions and grants in the transaction that suspends, so that no token outlives
the answer; lifting the suspension does not bring them back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from doorward.errors import NotFound, RequestError
from doorward.grants.store import end_grants_of_user
from doorward.sessions.ending import end_sessions_of_user
from doorward.storage import Executor, Transaction, UniqueViolation
from doorward.users import store
from doorward.users.passwords import PasswordDigest
from doorward.users.registration import check_is_free, taken
from doorward.users.tables import Identity, User


async def get_user(db: Executor, *, tenant_id: str, user_id: str) -> User:
    """Return a user.

    Raises:
        NotFound: there is none with this id.
    """
    user = await store.find_user(db, tenant_id=tenant_id, user_id=user_id)
    if user is None:
        raise NotFound("users", user_id)
    return user


async def update_account(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    changes: dict[str, Any],
    is_case_sensitive: bool,
    now: datetime,
) -> User:
    """Set columns of a user and return it; `is_case_sensitive` is the tenant's rule on names.

    Raises:
        NotFound: there is none with this id.
        RequestError: 422 user.username_already_in_use, user.email_already_in_use,
            user.phone_already_in_use.
    """
    user = await get_user(tx, tenant_id=tenant_id, user_id=user_id)
    if not changes:
        return user
    await check_is_free(
        tx,
        tenant_id=tenant_id,
        username=changes.get("username"),
        email=changes.get("primary_email"),
        phone=changes.get("primary_phone"),
        is_case_sensitive=is_case_sensitive,
        except_user_id=user_id,
    )
    try:
        await store.update_user(tx, tenant_id=tenant_id, user_id=user_id, now=now, **changes)
    except UniqueViolation as error:
        raise taken(error) from error
    return await get_user(tx, tenant_id=tenant_id, user_id=user_id)


async def merge_into_account(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    column: Literal["custom_data", "profile"],
    members: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Put members into a JSON column of a user, beside what is there, and return the whole.

    Raises:
        NotFound: there is no such user.
    """
    user = await store.lock_user(tx, tenant_id=tenant_id, user_id=user_id)
    if user is None:
        raise NotFound("users", user_id)
    merged: dict[str, Any] = {**getattr(user, column), **members}
    await store.update_user(tx, tenant_id=tenant_id, user_id=user_id, now=now, **{column: merged})
    return merged


async def set_password(
    tx: Transaction, *, tenant_id: str, user_id: str, password: PasswordDigest, now: datetime
) -> User:
    """Give a user a password; it no longer counts as expired.

    Raises:
        NotFound: there is no such user.
    """
    if not await store.update_user(
        tx,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
        password_digest=password.digest,
        password_algorithm=password.algorithm,
        password_updated_at=now,
        is_password_expired=False,
    ):
        raise NotFound("users", user_id)
    return await get_user(tx, tenant_id=tenant_id, user_id=user_id)


async def set_suspended(
    tx: Transaction, *, tenant_id: str, user_id: str, is_suspended: bool, now: datetime
) -> User:
    """Suspend a user, which ends every session and token at once, or lift the suspension.

    Raises:
        NotFound: there is no such user.
    """
    if not await store.update_user(
        tx, tenant_id=tenant_id, user_id=user_id, now=now, is_suspended=is_suspended
    ):
        raise NotFound("users", user_id)
    if is_suspended:
        await end_sessions_of_user(tx, tenant_id=tenant_id, user_id=user_id, now=now)
        await end_grants_of_user(tx, tenant_id=tenant_id, user_id=user_id)
    return await get_user(tx, tenant_id=tenant_id, user_id=user_id)


async def delete_account(tx: Transaction, *, tenant_id: str, user_id: str, now: datetime) -> None:
    """Delete a user with identities, roles, sessions and tokens.

    Raises:
        RequestError: 404 entity.not_found.
    """
    # Before the user, with whom all that is known of the sessions goes.
    await end_sessions_of_user(tx, tenant_id=tenant_id, user_id=user_id, now=now)
    if not await store.delete_user(tx, tenant_id=tenant_id, user_id=user_id):
        raise RequestError("entity.not_found", status=404)


async def set_identity(tx: Transaction, *, tenant_id: str, identity: Identity) -> bool:
    """Link a social identity in place of one of the same target; True when there was none.

    Raises:
        NotFound: there is no such user.
        RequestError: 422 user.identity_already_in_use.
    """
    await get_user(tx, tenant_id=tenant_id, user_id=identity.user_id)
    was_there = await store.remove_identity(
        tx, tenant_id=tenant_id, user_id=identity.user_id, target=identity.target
    )
    try:
        await store.add_identity(tx, tenant_id=tenant_id, identity=identity)
    except UniqueViolation as error:
        raise taken(error) from error
    return not was_there


async def remove_identity(tx: Transaction, *, tenant_id: str, user_id: str, target: str) -> User:
    """Unlink a social identity and return the user.

    Raises:
        NotFound: there is no such user.
        RequestError: 404 user.identity_not_exist.
    """
    user = await get_user(tx, tenant_id=tenant_id, user_id=user_id)
    if not await store.remove_identity(tx, tenant_id=tenant_id, user_id=user_id, target=target):
        raise RequestError("user.identity_not_exist", status=404)
    return user
