"""What may be done to resources and scopes. The management API's own resource is untouchable."""

from __future__ import annotations

import re

from doorward.errors import NotFound, RequestError
from doorward.resources import store
from doorward.resources.tables import Resource, Scope
from doorward.storage import Executor, Transaction, config_changed

_MANAGEMENT_INDICATOR = re.compile(r"https://[^./]+\.logto\.app/api")
_SPACE = re.compile(r"\s")


def is_management_resource(resource: Resource) -> bool:
    """Tell whether a resource is the management API of a tenant."""
    return _MANAGEMENT_INDICATOR.fullmatch(resource.indicator) is not None


async def get_resource(db: Executor, *, tenant_id: str, resource_id: str) -> Resource:
    """Return a resource.

    Raises:
        NotFound: there is none with this id.
    """
    resource = await store.find_resource(db, tenant_id=tenant_id, resource_id=resource_id)
    if resource is None:
        raise NotFound("resources", resource_id)
    return resource


async def get_modifiable_resource(tx: Transaction, *, tenant_id: str, resource_id: str) -> Resource:
    """Return a resource that may be changed.

    Raises:
        NotFound: there is none with this id.
        RequestError: 400 resource.cannot_modify_management_api.
    """
    resource = await get_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
    if is_management_resource(resource):
        raise RequestError("resource.cannot_modify_management_api")
    return resource


async def delete_resource(tx: Transaction, *, tenant_id: str, resource_id: str) -> None:
    """Delete a resource, its scopes and what grants them.

    Raises:
        RequestError: 404 entity.not_found; 400 resource.cannot_delete_management_api.
    """
    resource = await store.find_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
    if resource is None:
        raise RequestError("entity.not_found", status=404)
    if is_management_resource(resource):
        raise RequestError("resource.cannot_delete_management_api")
    await store.delete_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
    await config_changed(tx, tenant_id)


async def set_default(
    tx: Transaction, *, tenant_id: str, resource_id: str, is_default: bool
) -> None:
    """Make a resource the default one, or not; at most one of a tenant is.

    Raises:
        NotFound: there is none with this id.
    """
    # Counting the change first makes two who choose a default take turns.
    await config_changed(tx, tenant_id)
    await get_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
    if is_default:
        await store.clear_default_resource(tx, tenant_id=tenant_id)
    await store.update_resource(
        tx, tenant_id=tenant_id, resource_id=resource_id, changes={"is_default": is_default}
    )


def check_scope_name(name: str) -> None:
    """Check the name of a scope: requests list names between spaces (RFC 6749 section 3.3).

    Raises:
        RequestError: 400 scope.name_with_space.
    """
    if _SPACE.search(name):
        raise RequestError("scope.name_with_space")


async def has_management_scopes(db: Executor, *, tenant_id: str, scopes: list[Scope]) -> bool:
    """Tell whether any of the scopes belongs to a management API."""
    for resource_id in {scope.resource_id for scope in scopes}:
        resource = await store.find_resource(db, tenant_id=tenant_id, resource_id=resource_id)
        if resource is not None and is_management_resource(resource):
            return True
    return False
