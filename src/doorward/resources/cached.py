"""Resources as the token server sees them."""

from __future__ import annotations

from doorward.resources import store
from doorward.resources.tables import Resource
from doorward.storage import Snapshot


async def find_resource(snapshot: Snapshot, indicator: str) -> Resource | None:
    """Return the resource with this indicator."""

    async def load() -> Resource | None:
        return await store.find_resource_by_indicator(
            snapshot.db, tenant_id=snapshot.tenant_id, indicator=indicator
        )

    return await snapshot.get(("resource", indicator), load)


async def find_default_resource(snapshot: Snapshot) -> Resource | None:
    """Return the default resource, used when a request names none."""

    async def load() -> tuple[Resource | None]:
        return (await store.find_default_resource(snapshot.db, tenant_id=snapshot.tenant_id),)

    (resource,) = await snapshot.get("default resource", load)
    return resource
