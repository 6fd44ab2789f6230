"""How long a session lasts: configuration key `oidc.session`, two weeks at first."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from doorward.storage import Executor, Snapshot
from doorward.tenants.store import find_config

KEY = "oidc.session"

Seconds = Annotated[int, Meta(ge=1, le=31_536_000)]


class SessionConfig(msgspec.Struct, frozen=True):
    """`ttl` is in seconds."""

    ttl: Seconds = 14 * 24 * 3600


async def find_session_config(db: Executor, *, tenant_id: str) -> SessionConfig:
    """Return what the tenant has chosen."""
    value = await find_config(db, tenant_id=tenant_id, key=KEY)
    return msgspec.convert(value or {}, SessionConfig)


async def current_lifetime(snapshot: Snapshot) -> timedelta:
    """Return the lifetime of a session that begins now."""

    async def load() -> timedelta:
        config = await find_session_config(snapshot.db, tenant_id=snapshot.tenant_id)
        return timedelta(seconds=config.ttl)

    return await snapshot.get(KEY, load)
