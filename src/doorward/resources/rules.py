"""What may be done to resources and scopes. The management API's own resource is untouchable."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from doorward.errors import NotFound, RequestError
from doorward.management.body import custom_issue, invalid_input
from doorward.resources import store
from doorward.resources.tables import Resource, Scope
from doorward.storage import Executor, Transaction, UniqueViolation, config_changed

_MANAGEMENT_INDICATOR = re.compile(r"https://[^./]+\.logto\.app/api")
_RESERVED = re.compile(rf"{_MANAGEMENT_INDICATOR.pattern}|urn:logto:(resource|organization):.*")
_SPACE = re.compile(r"\s")


def is_management_resource(resource: Resource) -> bool:
    """Tell whether a resource is the management API of a tenant."""
    return _MANAGEMENT_INDICATOR.fullmatch(resource.indicator) is not None


def is_indicator(text: str) -> bool:
    """Tell whether a text can name an API (RFC 8707 section 2): an absolute URI, no fragment."""
    if any(character <= " " for character in text) or "#" in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


async def add_resource(tx: Transaction, *, tenant_id: str, resource: Resource) -> None:
    """Store a new resource.

    Raises:
        RequestError: 400 guard.invalid_input; 422 resource.resource_identifier_in_use, as well for
            the names of management APIs and of organizations, whose tokens would else be taken for
            theirs.
    """
    if not is_indicator(resource.indicator):
        text = "An indicator is an absolute URI without a fragment"
        raise invalid_input("body", issues=[custom_issue("indicator", text)])
    in_use = RequestError(
        "resource.resource_identifier_in_use",
        status=422,
        interpolation={"indicator": resource.indicator},
    )
    if _RESERVED.fullmatch(resource.indicator):
        raise in_use
    try:
        await store.add_resource(tx, tenant_id=tenant_id, resource=resource)
    except UniqueViolation as error:
        raise in_use from error


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
        RequestError: 400 resource.cannot_modify_management_api.
    """
    # Counting the change first makes two who choose a default take turns.
    await config_changed(tx, tenant_id)
    await get_modifiable_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
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
