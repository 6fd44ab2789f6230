"""What an administrator does with the tokens of a user, from the API or the console."""

from __future__ import annotations

from datetime import datetime

from doorward.errors import NotFound, RequestError
from doorward.kit.crypto import Sealer
from doorward.kit.ids import new_secret
from doorward.personal_access_tokens import store
from doorward.personal_access_tokens.tables import PersonalAccessToken
from doorward.storage import Executor, Transaction
from doorward.users.accounts import get_user

PREFIX = "pat_"


async def list_tokens(db: Executor, *, tenant_id: str, user_id: str) -> list[PersonalAccessToken]:
    """Return the tokens of a user, oldest first.

    Raises:
        NotFound: there is no such user.
    """
    await get_user(db, tenant_id=tenant_id, user_id=user_id)
    return await store.list_tokens(db, tenant_id=tenant_id, user_id=user_id)


async def create_token(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    name: str,
    expires_at: datetime | None,
    sealer: Sealer,
    now: datetime,
) -> PersonalAccessToken:
    """Make a token and return it.

    Raises:
        NotFound: there is no such user.
        RequestError: 400 request.invalid_input, it would have expired already.
        UniqueViolation: pk_personal_access_tokens, the user has a token of this name.
    """
    if expires_at is not None and expires_at <= now:
        raise RequestError(
            "request.invalid_input", interpolation={"details": "expiresAt must be in the future"}
        )
    await get_user(tx, tenant_id=tenant_id, user_id=user_id)
    await store.add_token(
        tx,
        tenant_id=tenant_id,
        user_id=user_id,
        name=name,
        value=PREFIX + new_secret(),
        sealer=sealer,
        created_at=now,
        expires_at=expires_at,
    )
    return await _get_token(tx, tenant_id=tenant_id, user_id=user_id, name=name)


async def rename_token(
    tx: Transaction, *, tenant_id: str, user_id: str, name: str, new_name: str
) -> PersonalAccessToken:
    """Give a token another name and return it.

    Raises:
        NotFound: there is no such token.
        UniqueViolation: pk_personal_access_tokens, the user has a token of that name.
    """
    await _get_token(tx, tenant_id=tenant_id, user_id=user_id, name=name)
    await store.rename_token(tx, tenant_id=tenant_id, user_id=user_id, name=name, new_name=new_name)
    return await _get_token(tx, tenant_id=tenant_id, user_id=user_id, name=new_name)


async def delete_token(tx: Transaction, *, tenant_id: str, user_id: str, name: str) -> None:
    """Delete a token; it can no longer be exchanged.

    Raises:
        RequestError: 404 entity.not_found.
    """
    if not await store.delete_token(tx, tenant_id=tenant_id, user_id=user_id, name=name):
        raise RequestError("entity.not_found", status=404)


async def _get_token(
    db: Executor, *, tenant_id: str, user_id: str, name: str
) -> PersonalAccessToken:
    token = await store.find_token(db, tenant_id=tenant_id, user_id=user_id, name=name)
    if token is None:
        raise NotFound("personal access tokens", name)
    return token
