"""The ceiling of a third party's application: what an administrator lets it ask of users."""

from __future__ import annotations

from collections.abc import Iterable

from doorward.applications.rules import get_application
from doorward.consents import store
from doorward.consents.asked import USER_SCOPES
from doorward.errors import RequestError
from doorward.management.audience import audience_of
from doorward.resources.store import find_resource_by_indicator, list_scopes_by_id
from doorward.storage import Executor, Transaction, config_changed


async def check_third_party(db: Executor, *, tenant_id: str, application_id: str) -> None:
    """Check that an application is a third party's.

    Raises:
        NotFound: there is none with this id.
        RequestError: 422 application.third_party_application_only.
    """
    application = await get_application(db, tenant_id=tenant_id, application_id=application_id)
    if not application.is_third_party:
        raise RequestError("application.third_party_application_only", status=422)


async def allow_scopes(
    tx: Transaction,
    *,
    tenant_id: str,
    application_id: str,
    user_scopes: Iterable[str],
    resource_scope_ids: Iterable[str],
    organization_scope_ids: Iterable[str] = (),
) -> None:
    """Add scopes to a ceiling; those that are in it already stay.

    Raises:
        NotFound: there is no such application.
        RequestError: 422 application.third_party_application_only,
            application.user_consent_scopes_not_found,
            application.consent_management_api_scopes_not_allowed, request.feature_not_supported.
    """
    # 1. Whose ceiling.
    await check_third_party(tx, tenant_id=tenant_id, application_id=application_id)

    # 2. Nothing but what exists.
    await check_assignable(
        tx,
        tenant_id=tenant_id,
        user_scopes=user_scopes,
        resource_scope_ids=list(resource_scope_ids),
        organization_scope_ids=list(organization_scope_ids),
    )

    # 3. In force with the next request.
    for user_scope in user_scopes:
        await store.add_user_scope(
            tx, tenant_id=tenant_id, application_id=application_id, user_scope=user_scope
        )
    for scope_id in resource_scope_ids:
        await store.add_resource_scope(
            tx, tenant_id=tenant_id, application_id=application_id, scope_id=scope_id
        )
    await config_changed(tx, tenant_id)


async def disallow_user_scope(
    tx: Transaction, *, tenant_id: str, application_id: str, user_scope: str
) -> None:
    """Take a scope about the user out of a ceiling.

    Raises:
        RequestError: 404 entity.not_found, it was not in it.
    """
    if not await store.remove_user_scope(
        tx, tenant_id=tenant_id, application_id=application_id, user_scope=user_scope
    ):
        raise RequestError("entity.not_found", status=404)
    await config_changed(tx, tenant_id)


async def disallow_resource_scope(
    tx: Transaction, *, tenant_id: str, application_id: str, scope_id: str
) -> None:
    """Take a scope of an API resource out of a ceiling.

    Raises:
        RequestError: 404 entity.not_found, it was not in it.
    """
    if not await store.remove_resource_scope(
        tx, tenant_id=tenant_id, application_id=application_id, scope_id=scope_id
    ):
        raise RequestError("entity.not_found", status=404)
    await config_changed(tx, tenant_id)


async def check_assignable(
    db: Executor,
    *,
    tenant_id: str,
    user_scopes: Iterable[str],
    resource_scope_ids: list[str],
    organization_scope_ids: list[str],
) -> None:
    """Check that scopes may be part of a ceiling. There are no organizations, so none of their
    scopes does exist.

    Raises:
        RequestError: 422 application.user_consent_scopes_not_found,
            application.consent_management_api_scopes_not_allowed, request.feature_not_supported.
    """
    if not set(user_scopes) <= set(USER_SCOPES):
        raise RequestError("request.feature_not_supported", status=422)
    found = await list_scopes_by_id(db, tenant_id=tenant_id, ids=resource_scope_ids)
    unknown = sorted(set(resource_scope_ids) - {scope.id for scope in found})
    invalid = {
        "invalidOrganizationScopes": organization_scope_ids,
        "invalidResourceScopes": unknown,
    }
    if data := {name: ids for name, ids in invalid.items() if ids}:
        raise RequestError("application.user_consent_scopes_not_found", status=422, data=data)
    management = await find_resource_by_indicator(
        db, tenant_id=tenant_id, indicator=audience_of(tenant_id)
    )
    if management and any(scope.resource_id == management.id for scope in found):
        raise RequestError("application.consent_management_api_scopes_not_allowed", status=422)
