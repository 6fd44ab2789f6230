"""/api/users/{id}/personal-access-tokens.

A name may hold anything, so there are two ways to say which token is meant: in the path, and in
the body, for names that a path cannot carry ("..", "delete").
"""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, patch, post
from msgspec import Meta

from doorward.kit.clock import Clock, from_milliseconds, to_milliseconds
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.management.body import Body, Milliseconds, View
from doorward.management.errors import unique_as
from doorward.personal_access_tokens import rules
from doorward.personal_access_tokens.store import SEAL_PURPOSE
from doorward.personal_access_tokens.tables import PersonalAccessToken
from doorward.storage import Database

_NAME_TAKEN = {"pk_personal_access_tokens": "user.personal_access_token_name_exists"}
Name = Annotated[str, Meta(min_length=1, max_length=256)]
_PATH = "/api/users/{user_id:str}/personal-access-tokens"


class CreateToken(Body):
    """A new token; `expiresAt` in milliseconds, null for never."""

    name: Name
    expires_at: Milliseconds | None = None


class RenameToken(Body):
    """Another name for a token."""

    name: Name


class RenameTokenByName(Body):
    """Another name for the token called `currentName`."""

    current_name: Name
    name: Name


class DeleteToken(Body):
    """Which token."""

    name: Name


class TokenView(View):
    """A token with its value."""

    tenant_id: str
    user_id: str
    name: str
    value: str
    created_at: int
    expires_at: int | None


@get(_PATH, tags=["Users"])
async def list_tokens(user_id: str, db: Database, edge: Edge, sealer: Sealer) -> list[TokenView]:
    """List the personal access tokens of a user, with their values."""
    tokens = await rules.list_tokens(db, tenant_id=edge.tenant_id, user_id=user_id)
    return [_view(edge.tenant_id, token, sealer=sealer) for token in tokens]


@post(_PATH, tags=["Users"])
async def create_token(
    user_id: str, data: CreateToken, db: Database, edge: Edge, sealer: Sealer, clock: Clock
) -> TokenView:
    """Make a personal access token with a name and, if wanted, an end."""
    expires_at = None if data.expires_at is None else from_milliseconds(data.expires_at)
    with unique_as(_NAME_TAKEN):
        async with db.transaction(edge.tenant_id) as tx:
            token = await rules.create_token(
                tx,
                tenant_id=edge.tenant_id,
                user_id=user_id,
                name=data.name,
                expires_at=expires_at,
                sealer=sealer,
                now=clock.now(),
            )
    return _view(edge.tenant_id, token, sealer=sealer)


@patch(_PATH, tags=["Users"])
async def rename_token_by_name(
    user_id: str, data: RenameTokenByName, db: Database, edge: Edge, sealer: Sealer
) -> TokenView:
    """Give a personal access token another name; which one is said in the body."""
    return await _rename(db, edge, user_id, data.current_name, data.name, sealer)


@post(f"{_PATH}/delete", tags=["Users"], status_code=204)
async def delete_token_by_name(user_id: str, data: DeleteToken, db: Database, edge: Edge) -> None:
    """Delete a personal access token; which one is said in the body."""
    await _delete(db, edge, user_id, data.name)


@patch(f"{_PATH}/{{name:path}}", tags=["Users"])
async def rename_token(
    user_id: str, name: str, data: RenameToken, db: Database, edge: Edge, sealer: Sealer
) -> TokenView:
    """Give a personal access token another name."""
    return await _rename(db, edge, user_id, name.removeprefix("/"), data.name, sealer)


@delete(f"{_PATH}/{{name:path}}", tags=["Users"])
async def delete_token(user_id: str, name: str, db: Database, edge: Edge) -> None:
    """Delete a personal access token; it can no longer be exchanged."""
    await _delete(db, edge, user_id, name.removeprefix("/"))


async def _rename(
    db: Database, edge: Edge, user_id: str, name: str, new_name: str, sealer: Sealer
) -> TokenView:
    with unique_as(_NAME_TAKEN):
        async with db.transaction(edge.tenant_id) as tx:
            token = await rules.rename_token(
                tx, tenant_id=edge.tenant_id, user_id=user_id, name=name, new_name=new_name
            )
    return _view(edge.tenant_id, token, sealer=sealer)


async def _delete(db: Database, edge: Edge, user_id: str, name: str) -> None:
    async with db.transaction(edge.tenant_id) as tx:
        await rules.delete_token(tx, tenant_id=edge.tenant_id, user_id=user_id, name=name)


def _view(tenant_id: str, token: PersonalAccessToken, *, sealer: Sealer) -> TokenView:
    return TokenView(
        tenant_id=tenant_id,
        user_id=token.user_id,
        name=token.name,
        value=sealer.unseal(token.value, purpose=SEAL_PURPOSE),
        created_at=to_milliseconds(token.created_at),
        expires_at=None if token.expires_at is None else to_milliseconds(token.expires_at),
    )


HANDLERS = (
    list_tokens,
    create_token,
    rename_token_by_name,
    delete_token_by_name,
    rename_token,
    delete_token,
)
