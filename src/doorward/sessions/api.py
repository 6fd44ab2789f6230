"""/api/configs/oidc/session: how long sessions last; `users/api/access.py` lists them."""

from __future__ import annotations

import msgspec
from litestar import get, patch
from msgspec import UNSET, UnsetType

from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.management.body import Body
from doorward.sessions.config import KEY, Seconds, SessionConfig, find_session_config
from doorward.storage import Database, config_changed
from doorward.tenants.store import save_config


class UpdateSessionConfig(Body):
    """What changes."""

    ttl: Seconds | UnsetType = UNSET


@get("/api/configs/oidc/session", tags=["Configs"])
async def show_session_config(db: Database, edge: Edge) -> SessionConfig:
    """Show how long sessions last, in seconds."""
    return await find_session_config(db, tenant_id=edge.tenant_id)


@patch("/api/configs/oidc/session", tags=["Configs"])
async def update_session_config(
    data: UpdateSessionConfig, db: Database, edge: Edge, clock: Clock
) -> SessionConfig:
    """Choose how long sessions last that begin from now on."""
    if data.ttl is UNSET:
        return await find_session_config(db, tenant_id=edge.tenant_id)
    config = SessionConfig(ttl=data.ttl)
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        await save_config(
            tx,
            tenant_id=edge.tenant_id,
            key=KEY,
            value=msgspec.to_builtins(config),
            now=clock.now(),
        )
    return config


HANDLERS = (show_session_config, update_session_config)
