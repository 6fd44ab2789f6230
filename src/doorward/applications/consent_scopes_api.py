"""/api/applications/{id}/user-consent-scopes: what a third party's application may ask of users."""

from __future__ import annotations

from typing import Any, Literal

from litestar import MediaType, delete, get, post

from doorward.applications import consent_scopes as rules
from doorward.consents import store
from doorward.errors import RequestError
from doorward.kit.edge import Edge
from doorward.management.body import Body, EntityId, View
from doorward.resources.store import list_resources, list_scopes_by_id
from doorward.storage import Database

UserScope = Literal[
    "profile",
    "email",
    "phone",
    "address",
    "custom_data",
    "identities",
    "roles",
    "urn:logto:scope:organizations",
    "urn:logto:scope:organization_roles",
    "urn:logto:scope:sessions",
    "urn:logto:scope:trusted_devices",
]
ScopeType = Literal[
    "organization-scopes", "resource-scopes", "organization-resource-scopes", "user-scopes"
]
_PATH = "/api/applications/{application_id:str}/user-consent-scopes"


class AssignScopes(Body):
    """Scopes to add. Those of organizations are refused: there are no organizations yet."""

    user_scopes: tuple[UserScope, ...] = ()
    resource_scopes: tuple[EntityId, ...] = ()
    organization_scopes: tuple[EntityId, ...] = ()
    organization_resource_scopes: tuple[EntityId, ...] = ()


class ConsentScopeView(View):
    """A scope of an API resource."""

    id: str
    name: str
    description: str | None


class ConsentResourceView(View):
    """An API resource."""

    id: str
    name: str
    indicator: str


class ResourceScopesView(View):
    """Scopes of one API resource."""

    resource: ConsentResourceView
    scopes: list[ConsentScopeView]


class ConsentScopesView(View):
    """All that an application may ask of users."""

    organization_scopes: list[ConsentScopeView]
    resource_scopes: list[ResourceScopesView]
    organization_resource_scopes: list[ResourceScopesView]
    user_scopes: list[str]


@get(_PATH, tags=["Applications"])
async def list_consent_scopes(application_id: str, db: Database, edge: Edge) -> ConsentScopesView:
    """List what a third party's application may ask of users."""
    tenant_id = edge.tenant_id
    await rules.check_third_party(db, tenant_id=tenant_id, application_id=application_id)
    ids = await store.list_resource_scope_ids(
        db, tenant_id=tenant_id, application_id=application_id
    )
    return ConsentScopesView(
        organization_scopes=[],
        resource_scopes=await view_resource_scopes(db, tenant_id=tenant_id, ids=ids),
        organization_resource_scopes=[],
        user_scopes=await store.list_user_scopes(
            db, tenant_id=tenant_id, application_id=application_id
        ),
    )


@post(_PATH, tags=["Applications"], media_type=MediaType.TEXT)
async def assign_consent_scopes(
    application_id: str, data: AssignScopes, db: Database, edge: Edge
) -> str:
    """Let a third party's application ask for more."""
    if data.organization_resource_scopes:
        raise RequestError("request.feature_not_supported", status=422)
    async with db.transaction(edge.tenant_id) as tx:
        await rules.allow_scopes(
            tx,
            tenant_id=edge.tenant_id,
            application_id=application_id,
            user_scopes=data.user_scopes,
            resource_scope_ids=data.resource_scopes,
            organization_scope_ids=data.organization_scopes,
        )
    return "Created"


@delete(f"{_PATH}/{{scope_type:str}}/{{scope_id:str}}", tags=["Applications"])
async def remove_consent_scope(
    application_id: str, scope_type: ScopeType, scope_id: str, db: Database, edge: Edge
) -> None:
    """Let a third party's application ask for less; tokens lose it when they are renewed."""
    tenant_id = edge.tenant_id
    async with db.transaction(tenant_id) as tx:
        await rules.check_third_party(tx, tenant_id=tenant_id, application_id=application_id)
        if scope_type == "user-scopes":
            await rules.disallow_user_scope(
                tx, tenant_id=tenant_id, application_id=application_id, user_scope=scope_id
            )
        elif scope_type == "resource-scopes":
            await rules.disallow_resource_scope(
                tx, tenant_id=tenant_id, application_id=application_id, scope_id=scope_id
            )
        else:
            raise RequestError("entity.not_found", status=404)


async def view_resource_scopes(
    db: Database, *, tenant_id: str, ids: list[str]
) -> list[ResourceScopesView]:
    """Return scopes by their resource, both in the order of their names."""
    if not ids:
        return []
    scopes = await list_scopes_by_id(db, tenant_id=tenant_id, ids=ids)
    views = [
        ResourceScopesView(
            resource=ConsentResourceView(
                id=resource.id, name=resource.name, indicator=resource.indicator
            ),
            scopes=[
                ConsentScopeView(id=scope.id, name=scope.name, description=scope.description)
                for scope in sorted(scopes, key=lambda scope: scope.name)
                if scope.resource_id == resource.id
            ],
        )
        for resource in (await list_resources(db, tenant_id=tenant_id)).entries
    ]
    return [view for view in views if view.scopes]


CONSENT_SCOPE_HANDLERS: tuple[Any, ...] = (
    list_consent_scopes,
    assign_consent_scopes,
    remove_consent_scope,
)
