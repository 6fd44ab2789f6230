"""Whether a tenant takes clients by their documents: configuration key `cimd`, off at first."""

from __future__ import annotations

from doorward.storage import Executor, Snapshot
from doorward.tenants.store import find_config

KEY = "cimd"


async def find_enabled(db: Executor, *, tenant_id: str) -> bool:
    """Tell whether the tenant has switched it on."""
    value = await find_config(db, tenant_id=tenant_id, key=KEY)
    return bool((value or {}).get("enabled", False))


async def is_enabled(snapshot: Snapshot) -> bool:
    """Tell the same from the configuration snapshot."""

    async def load() -> tuple[bool]:
        return (await find_enabled(snapshot.db, tenant_id=snapshot.tenant_id),)

    return (await snapshot.get(KEY, load))[0]
