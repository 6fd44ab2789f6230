"""Rows of connectors. The configuration goes in and comes out in clear, and is sealed at rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from doorward.connectors.tables import StoredConnector, connectors
from doorward.errors import NotFound
from doorward.kit.crypto import Sealer
from doorward.storage import (
    Executor,
    Statement,
    Transaction,
    config_changed,
    insert_statement,
)

SEAL_PURPOSE = "connectors.config"

_t = connectors.c
_LIST = Statement(
    select(connectors).where(_t.tenant_id == bindparam("tenant_id")).order_by(_t.id),
    into=StoredConnector,
)
_FIND = Statement(
    select(connectors).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("id")),
    into=StoredConnector,
)
_INSERT = insert_statement(connectors)
_UPDATE = Statement(
    update(connectors)
    .where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("id_"))
    .values(
        config=bindparam("new_config"),
        metadata=bindparam("new_metadata"),
        sync_profile=bindparam("new_sync_profile"),
        enable_token_storage=bindparam("new_enable_token_storage"),
    )
)
_DELETE = Statement(
    delete(connectors).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("id"))
)


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """A configured instance. `factory_id` names what it is an instance of ("discord-universal");
    `config` holds secrets: it is never logged."""

    id: str
    factory_id: str
    config: dict[str, Any]
    metadata: dict[str, Any]
    sync_profile: bool
    enable_token_storage: bool
    created_at: datetime

    def __repr__(self) -> str:
        return f"Connector(id={self.id!r}, factory_id={self.factory_id!r})"


async def list_connectors(db: Executor, *, tenant_id: str, sealer: Sealer) -> list[Connector]:
    """Return every connector of the tenant, by id."""
    return [_open(row, sealer) for row in await db.all(_LIST, tenant_id=tenant_id)]


async def find_connector(
    db: Executor, *, tenant_id: str, connector_id: str, sealer: Sealer
) -> Connector | None:
    """Return a connector, or None."""
    row = await db.one(_FIND, tenant_id=tenant_id, id=connector_id)
    return None if row is None else _open(row, sealer)


async def get_connector(
    db: Executor, *, tenant_id: str, connector_id: str, sealer: Sealer
) -> Connector:
    """Return a connector.

    Raises:
        NotFound: there is none with this id.
    """
    connector = await find_connector(
        db, tenant_id=tenant_id, connector_id=connector_id, sealer=sealer
    )
    if connector is None:
        raise NotFound("connectors", connector_id)
    return connector


async def add_connector(
    tx: Transaction, *, tenant_id: str, connector: Connector, sealer: Sealer
) -> None:
    """Store a new connector.

    Raises:
        UniqueViolation: the id is taken.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=connector.id,
        connector_id=connector.factory_id,
        config=_seal(connector.config, sealer),
        metadata=connector.metadata,
        sync_profile=connector.sync_profile,
        enable_token_storage=connector.enable_token_storage,
        created_at=connector.created_at,
    )
    await config_changed(tx, tenant_id)


async def update_connector(
    tx: Transaction, *, tenant_id: str, connector: Connector, sealer: Sealer
) -> None:
    """Store what may change of a connector."""
    await tx.execute(
        _UPDATE,
        tenant_id=tenant_id,
        id_=connector.id,
        new_config=_seal(connector.config, sealer),
        new_metadata=connector.metadata,
        new_sync_profile=connector.sync_profile,
        new_enable_token_storage=connector.enable_token_storage,
    )
    await config_changed(tx, tenant_id)


async def delete_connector(tx: Transaction, *, tenant_id: str, connector_id: str) -> bool:
    """Delete a connector and tell whether it was there."""
    deleted = await tx.execute(_DELETE, tenant_id=tenant_id, id=connector_id) > 0
    if deleted:
        await config_changed(tx, tenant_id)
    return deleted


def _seal(config: dict[str, Any], sealer: Sealer) -> str:
    return sealer.seal(msgspec.json.encode(config).decode(), purpose=SEAL_PURPOSE)


def _open(row: StoredConnector, sealer: Sealer) -> Connector:
    return Connector(
        id=row.id,
        factory_id=row.connector_id,
        config=msgspec.json.decode(sealer.unseal(row.config, purpose=SEAL_PURPOSE)),
        metadata=row.metadata,
        sync_profile=row.sync_profile,
        enable_token_storage=row.enable_token_storage,
        created_at=row.created_at,
    )
