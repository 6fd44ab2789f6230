"""RFC 9700 sections 2.1.1 and 4.14.2: a code or refresh token used twice ends its whole grant."""

from __future__ import annotations

from doorward.audit.store import record
from doorward.grants.store import end_grant
from doorward.kit.edge import Edge
from doorward.oidc.provider import Provider
from doorward.oidc.tokens import Held


async def revoke_after_reuse(provider: Provider, edge: Edge, *, held: Held, reason: str) -> None:
    """Delete the grant in a transaction of its own.

    The caller refuses the request after this; the revocation has to outlive the refusal, so it
    commits here. Somebody holds a copy of what should exist once, and nobody can tell which of the
    two is the thief, so both lose.
    """
    async with provider.db.transaction(edge.tenant_id) as tx:
        if not await end_grant(tx, tenant_id=edge.tenant_id, grant_id=held.grant_id):
            return
        await record(
            tx,
            tenant_id=edge.tenant_id,
            key="RevokeGrants",
            edge=edge,
            at=provider.clock.now(),
            user_id=held.user_id,
            application_id=held.client_id,
            params={"grantId": held.grant_id, "reason": reason},
        )
