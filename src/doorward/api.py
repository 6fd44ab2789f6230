"""The table of the JSON APIs: which slices' handlers are served, and who may call them.

`web.py` takes `api_routers()`; `doorward routes` prints them; /api/swagger.json describes them.
"""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Router

from doorward.applications.cached import find_client
from doorward.connectors import api as connectors
from doorward.keys.ring import current_keys
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.jose import VerificationKey
from doorward.management.guard import Caller, TokenVerifier
from doorward.management.routes import (
    get_description,
    get_status,
    management_router,
    public_router,
)
from doorward.settings import Settings
from doorward.storage import Database, Snapshots
from doorward.tenants.seed import ADMIN_TENANT
from doorward.users.store import find_user


def api_routers() -> list[Router]:
    """Return every router under /api."""
    return [
        public_router([get_status, get_description]),
        management_router(connectors.HANDLERS),
    ]


def token_verifier(
    db: Database, snapshots: Snapshots, *, settings: Settings, sealer: Sealer, clock: Clock
) -> TokenVerifier:
    """Return the check of the management API's tokens, with the slices it asks."""

    async def keys_of(tenant_id: str) -> Mapping[str, VerificationKey]:
        ring = await current_keys(await snapshots.current(tenant_id), sealer=sealer)
        return ring.verification_keys

    async def is_active(caller: Caller) -> bool:
        if caller.is_application:
            snapshot = await snapshots.current(caller.tenant_id)
            return await find_client(snapshot, caller.subject) is not None
        user = await find_user(db, tenant_id=caller.tenant_id, user_id=caller.subject)
        return user is not None and not user.is_suspended

    return TokenVerifier(
        keys_of=keys_of,
        is_active=is_active,
        admin_tenant_id=ADMIN_TENANT,
        admin_issuer=f"{settings.admin_endpoint}/oidc",
        clock=clock,
    )
