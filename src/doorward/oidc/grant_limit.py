"""Reference section 13, maxAllowedGrants: how many grants of one user a client may hold."""

from __future__ import annotations

from datetime import datetime

from doorward.audit.store import record
from doorward.grants.store import end_grant, list_grants_to
from doorward.grants.tables import Grant
from doorward.kit.edge import Edge
from doorward.storage import Transaction


async def keep_to_limit(
    tx: Transaction, edge: Edge, *, limit: int, made: Grant, now: datetime
) -> None:
    """End the oldest grants beyond the limit, but not the one that was just made."""
    tenant_id = edge.tenant_id
    grants = await list_grants_to(
        tx, tenant_id=tenant_id, user_id=made.user_id, client_id=made.client_id, now=now
    )
    older = [grant for grant in grants if grant.id != made.id]
    excess = older[: max(len(grants) - limit, 0)]
    if not excess:
        return
    for grant in excess:
        await end_grant(tx, tenant_id=tenant_id, grant_id=grant.id)
    await record(
        tx,
        tenant_id=tenant_id,
        key="Grant.LimitExceeded",
        edge=edge,
        at=now,
        user_id=made.user_id,
        application_id=made.client_id,
        params={
            "revokedGrantIds": [grant.id for grant in excess],
            "maxAllowedGrants": limit,
            "preRevocationActiveGrantCount": len(grants),
        },
    )
