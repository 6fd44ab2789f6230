"""Rows of initial_access_tokens and registered_clients."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from doorward.registration.tables import (
    InitialAccessToken,
    Overdue,
    RegisteredClient,
    initial_access_tokens,
    registered_clients,
)
from doorward.storage import Executor, Statement, Transaction, insert_statement
from doorward.storage.expiry import SWEEP_BATCH, delete_batch

_i, _r = initial_access_tokens.c, registered_clients.c

_INSERT_TOKEN = insert_statement(initial_access_tokens)
_LIST_TOKENS = Statement(
    select(*[column for column in _i if column.name != "tenant_id"])
    .where(_i.tenant_id == bindparam("tenant_id"))
    .order_by(_i.created_at.desc(), _i.id),
    into=InitialAccessToken,
)
_DELETE_TOKEN = Statement(
    delete(initial_access_tokens).where(
        _i.tenant_id == bindparam("tenant_id"), _i.id == bindparam("token_id_")
    )
)
_GOOD_TOKEN = (
    _i.tenant_id == bindparam("tenant_id"),
    _i.token_hash == bindparam("token_hash_"),
    or_(_i.remaining_uses.is_(None), _i.remaining_uses > 0),
    or_(_i.expires_at.is_(None), _i.expires_at > bindparam("now", type_=_i.expires_at.type)),
)
_FIND_TOKEN = Statement(select(_i.id).where(*_GOOD_TOKEN))
# The gate of a use: of any number of registrations at once no more succeed than uses are left.
_USE_TOKEN = Statement(
    update(initial_access_tokens).where(*_GOOD_TOKEN).values(remaining_uses=_i.remaining_uses - 1)
)
_SWEEP_TOKENS = delete_batch(
    initial_access_tokens,
    _i.expires_at <= bindparam("now", type_=_i.expires_at.type),
)

_THIS = (
    _r.tenant_id == bindparam("tenant_id"),
    _r.application_id == bindparam("application_id_"),
)
_INSERT_CLIENT = insert_statement(registered_clients)
_FIND_CLIENT = Statement(
    select(*[column for column in _r if column.name != "tenant_id"]).where(*_THIS),
    into=RegisteredClient,
)
# The token is the gate: of two changes with one token one happens.
_ROTATE = Statement(
    update(registered_clients)
    .where(*_THIS, _r.token_hash == bindparam("token_hash_"))
    .values(token_hash=bindparam("new_token_hash"), look_at=bindparam("new_look_at"))
)
_DELETE_CLIENT = Statement(
    delete(registered_clients).where(*_THIS, _r.token_hash == bindparam("token_hash_"))
)
_PUT_OFF = Statement(
    update(registered_clients).where(*_THIS).values(look_at=bindparam("new_look_at"))
)
_LIST_OVERDUE = Statement(
    select(_r.tenant_id, _r.application_id)
    .where(_r.look_at <= bindparam("now", type_=_r.look_at.type))
    .order_by(_r.look_at)
    .limit(SWEEP_BATCH),
    into=Overdue,
)


async def add_initial_access_token(
    tx: Transaction, *, tenant_id: str, token: InitialAccessToken
) -> None:
    """Store a new initial access token."""
    await tx.execute(
        _INSERT_TOKEN,
        tenant_id=tenant_id,
        id=token.id,
        name=token.name,
        token_hash=token.token_hash,
        remaining_uses=token.remaining_uses,
        expires_at=token.expires_at,
        created_at=token.created_at,
    )


async def list_initial_access_tokens(db: Executor, *, tenant_id: str) -> list[InitialAccessToken]:
    """Return the tenant's initial access tokens, newest first."""
    return await db.all(_LIST_TOKENS, tenant_id=tenant_id)


async def delete_initial_access_token(tx: Transaction, *, tenant_id: str, token_id: str) -> bool:
    """Delete an initial access token; False when it was gone already."""
    return await tx.execute(_DELETE_TOKEN, tenant_id=tenant_id, token_id_=token_id) == 1


async def is_initial_access_token(
    db: Executor, *, tenant_id: str, token_hash: str, now: datetime
) -> bool:
    """Tell whether an initial access token is good, without using it."""
    row = await db.one(_FIND_TOKEN, tenant_id=tenant_id, token_hash_=token_hash, now=now)
    return row is not None


async def use_initial_access_token(
    tx: Transaction, *, tenant_id: str, token_hash: str, now: datetime
) -> bool:
    """Use an initial access token once; False when it is unknown, used up or expired."""
    count = await tx.execute(_USE_TOKEN, tenant_id=tenant_id, token_hash_=token_hash, now=now)
    return count == 1


# lint: tenant-scope: what has expired goes, whosever it is
async def sweep_initial_access_tokens(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete expired initial access tokens and return how many."""
    return await tx.execute(_SWEEP_TOKENS, now=now)


async def add_registered_client(
    tx: Transaction, *, tenant_id: str, client: RegisteredClient
) -> None:
    """Store what is known of a registered client beside its application."""
    await tx.execute(
        _INSERT_CLIENT,
        tenant_id=tenant_id,
        application_id=client.application_id,
        token_hash=client.token_hash,
        registered_at=client.registered_at,
        look_at=client.look_at,
    )


async def find_registered_client(
    db: Executor, *, tenant_id: str, application_id: str
) -> RegisteredClient | None:
    """Return what is known of a registered client."""
    return await db.one(_FIND_CLIENT, tenant_id=tenant_id, application_id_=application_id)


async def rotate_registration_token(
    tx: Transaction,
    *,
    tenant_id: str,
    application_id: str,
    token_hash: str,
    new_token_hash: str,
    look_at: datetime | None,
) -> bool:
    """Replace the token of a registered client; False when it is not `token_hash` any more."""
    count = await tx.execute(
        _ROTATE,
        tenant_id=tenant_id,
        application_id_=application_id,
        token_hash_=token_hash,
        new_token_hash=new_token_hash,
        new_look_at=look_at,
    )
    return count == 1


async def delete_registered_client(
    tx: Transaction, *, tenant_id: str, application_id: str, token_hash: str
) -> bool:
    """Delete a registered client by its token; False when that is not its token any more."""
    count = await tx.execute(
        _DELETE_CLIENT,
        tenant_id=tenant_id,
        application_id_=application_id,
        token_hash_=token_hash,
    )
    return count == 1


async def put_off(
    tx: Transaction, *, tenant_id: str, application_id: str, look_at: datetime | None
) -> None:
    """Set when a registered client is looked at again."""
    await tx.execute(
        _PUT_OFF, tenant_id=tenant_id, application_id_=application_id, new_look_at=look_at
    )


# lint: tenant-scope: whoever is to be looked at, in whichever tenant
async def list_overdue(tx: Transaction, *, now: datetime) -> list[Overdue]:  # every tenant
    """Return registered clients that are to be looked at, the longest waiting first."""
    return await tx.all(_LIST_OVERDUE, now=now)
