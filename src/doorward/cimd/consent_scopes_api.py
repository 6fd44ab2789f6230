"""/api/cimd/user-consent-scopes: what clients with a document may ask of users, all of them alike.

The bodies are those of /api/applications/{id}/user-consent-scopes.
"""

from __future__ import annotations

from litestar import MediaType, delete, get, post

from doorward.applications.consent_scopes import check_assignable
from doorward.applications.consent_scopes_api import (
    AssignScopes,
    ConsentScopesView,
    ScopeType,
    view_resource_scopes,
)
from doorward.consents import store
from doorward.errors import RequestError
from doorward.kit.edge import Edge
from doorward.storage import Database, config_changed

_PATH = "/api/cimd/user-consent-scopes"


@get(_PATH, tags=["CIMD"])
async def list_cimd_consent_scopes(db: Database, edge: Edge) -> ConsentScopesView:
    """List what clients with a document may ask of users."""
    tenant_id = edge.tenant_id
    ids = await store.list_cimd_resource_scope_ids(db, tenant_id=tenant_id)
    return ConsentScopesView(
        organization_scopes=[],
        resource_scopes=await view_resource_scopes(db, tenant_id=tenant_id, ids=ids),
        organization_resource_scopes=[],
        user_scopes=await store.list_cimd_user_scopes(db, tenant_id=tenant_id),
    )


@post(_PATH, tags=["CIMD"], media_type=MediaType.TEXT)
async def assign_cimd_consent_scopes(data: AssignScopes, db: Database, edge: Edge) -> str:
    """Let clients with a document ask for more."""
    tenant_id = edge.tenant_id
    if data.organization_resource_scopes:
        raise RequestError("request.feature_not_supported", status=422)
    async with db.transaction(tenant_id) as tx:
        await check_assignable(
            tx,
            tenant_id=tenant_id,
            user_scopes=data.user_scopes,
            resource_scope_ids=list(data.resource_scopes),
            organization_scope_ids=list(data.organization_scopes),
        )
        for user_scope in data.user_scopes:
            await store.add_cimd_user_scope(tx, tenant_id=tenant_id, user_scope=user_scope)
        for scope_id in data.resource_scopes:
            await store.add_cimd_resource_scope(tx, tenant_id=tenant_id, scope_id=scope_id)
        await config_changed(tx, tenant_id)
    return "Created"


@delete(f"{_PATH}/{{scope_type:str}}/{{scope_id:str}}", tags=["CIMD"])
async def remove_cimd_consent_scope(
    scope_type: ScopeType, scope_id: str, db: Database, edge: Edge
) -> None:
    """Let clients with a document ask for less; tokens lose it when they are renewed."""
    tenant_id = edge.tenant_id
    async with db.transaction(tenant_id) as tx:
        is_gone = False
        if scope_type == "user-scopes":
            is_gone = await store.remove_cimd_user_scope(
                tx, tenant_id=tenant_id, user_scope=scope_id
            )
        elif scope_type == "resource-scopes":
            is_gone = await store.remove_cimd_resource_scope(
                tx, tenant_id=tenant_id, scope_id=scope_id
            )
        if not is_gone:
            raise RequestError("entity.not_found", status=404)
        await config_changed(tx, tenant_id)


CONSENT_SCOPE_HANDLERS = (
    list_cimd_consent_scopes,
    assign_cimd_consent_scopes,
    remove_cimd_consent_scope,
)
