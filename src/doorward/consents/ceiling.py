"""The ceiling of a third party's application: the most it may ask of anybody."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from doorward.consents import store
from doorward.resources.store import list_resources, list_scopes_by_id
from doorward.storage import Snapshot

ALWAYS_ALLOWED = frozenset({"openid", "offline_access"})


class Ceiling(msgspec.Struct, frozen=True):
    """`user_scopes` are names, `resource_scopes` names by the resource's indicator."""

    user_scopes: frozenset[str]
    resource_scopes: Mapping[str, frozenset[str]]

    def allows(self, user_scope: str) -> bool:
        """Tell whether a scope about the user may be asked for."""
        return user_scope in self.user_scopes or user_scope in ALWAYS_ALLOWED

    def of_resource(self, indicator: str) -> frozenset[str]:
        """Return the scopes of a resource that may be asked for."""
        return self.resource_scopes.get(indicator, frozenset())


async def current_ceiling(snapshot: Snapshot, client_id: str) -> Ceiling:
    """Return the ceiling of an application; configuration, so kept in the snapshot."""

    # Clients with a client id metadata document have no row, and one ceiling in common.
    is_shared = client_id.startswith("https://")

    async def load() -> Ceiling:
        db, tenant_id = snapshot.db, snapshot.tenant_id
        if is_shared:
            user_scopes = await store.list_cimd_user_scopes(db, tenant_id=tenant_id)
            ids = await store.list_cimd_resource_scope_ids(db, tenant_id=tenant_id)
        else:
            user_scopes = await store.list_user_scopes(
                db, tenant_id=tenant_id, application_id=client_id
            )
            ids = await store.list_resource_scope_ids(
                db, tenant_id=tenant_id, application_id=client_id
            )
        resource_scopes: dict[str, set[str]] = {}
        if ids:
            resources = (await list_resources(db, tenant_id=tenant_id)).entries
            indicators = {resource.id: resource.indicator for resource in resources}
            for scope in await list_scopes_by_id(db, tenant_id=tenant_id, ids=ids):
                indicator = indicators[scope.resource_id]
                resource_scopes.setdefault(indicator, set()).add(scope.name)
        return Ceiling(
            frozenset(user_scopes),
            {indicator: frozenset(names) for indicator, names in resource_scopes.items()},
        )

    return await snapshot.get(("ceiling", "https://" if is_shared else client_id), load)
