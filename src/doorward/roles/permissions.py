"""Which scopes of a resource may this subject have? The token server's question."""

from __future__ import annotations

from doorward.roles import store
from doorward.storage import Executor, Snapshot


async def application_scopes(
    snapshot: Snapshot, *, application_id: str, resource_id: str
) -> frozenset[str]:
    """Return what a machine's roles grant; configuration, so kept in the snapshot."""

    async def load() -> frozenset[str]:
        return frozenset(
            await store.list_scopes_of_application(
                snapshot.db,
                tenant_id=snapshot.tenant_id,
                application_id=application_id,
                resource_id=resource_id,
            )
        )

    return await snapshot.get(("application scopes", application_id, resource_id), load)


async def user_scopes(
    db: Executor, *, tenant_id: str, user_id: str, resource_id: str
) -> frozenset[str]:
    """Return what a user's roles grant; read each time, so that taking one away counts at once."""
    return frozenset(
        await store.list_scopes_of_user(
            db, tenant_id=tenant_id, user_id=user_id, resource_id=resource_id
        )
    )
