"""/api/configs/cimd: whether clients are taken by their documents. What these may ask of users is
in `consent_scopes_api.py`."""

from __future__ import annotations

from litestar import get, patch
from msgspec import UNSET, UnsetType

from doorward.cimd.config import KEY, find_enabled
from doorward.cimd.consent_scopes_api import CONSENT_SCOPE_HANDLERS
from doorward.cimd.documents import ClientDocuments
from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.management.body import Body
from doorward.storage import Database, config_changed
from doorward.tenants.store import save_config


class CimdConfig(Body):
    """Whether client id metadata documents are taken."""

    enabled: bool


class UpdateCimdConfig(Body):
    """What changes."""

    enabled: bool | UnsetType = UNSET


@get("/api/configs/cimd", tags=["Configs"])
async def show_cimd_config(db: Database, edge: Edge) -> CimdConfig:
    """Show whether clients are taken by their documents."""
    return CimdConfig(enabled=await find_enabled(db, tenant_id=edge.tenant_id))


@patch("/api/configs/cimd", tags=["Configs"])
async def update_cimd_config(
    data: UpdateCimdConfig, db: Database, edge: Edge, clock: Clock, documents: ClientDocuments
) -> CimdConfig:
    """Switch it on or off. On needs the guard on outbound calls: strangers name the addresses."""
    if data.enabled is UNSET:
        return CimdConfig(enabled=await find_enabled(db, tenant_id=edge.tenant_id))
    if data.enabled and not documents.is_guarded:
        raise RequestError(
            "oidc.invalid_request",
            status=422,
            detail="DOORWARD_ALLOW_PRIVATE_ADDRESSES is on",
        )
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        await save_config(
            tx,
            tenant_id=edge.tenant_id,
            key=KEY,
            value={"enabled": data.enabled},
            now=clock.now(),
        )
    return CimdConfig(enabled=data.enabled)


HANDLERS = (show_cimd_config, update_cimd_config, *CONSENT_SCOPE_HANDLERS)
