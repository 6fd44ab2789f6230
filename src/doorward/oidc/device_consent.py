"""RFC 8628 section 5.4: what a device asks for, in words, for the person who lets it in."""

from __future__ import annotations

import msgspec

from doorward.device_codes.tables import DeviceCode
from doorward.oidc.scopes import OIDC_SCOPES, OPENID
from doorward.resources.cached import find_resource
from doorward.resources.store import ScopeFilter, list_scopes
from doorward.roles.permissions import user_scopes
from doorward.storage import Database, Snapshot


class AskedResource(msgspec.Struct, frozen=True):
    """An API and what may be done there, as its owner describes it."""

    name: str
    permissions: list[str]


class Asked(msgspec.Struct, frozen=True):
    """`scopes` are those about the person, by name; each has a text `consent.scope_<name>`."""

    scopes: list[str]
    resources: list[AskedResource]


async def what_is_asked(
    snapshot: Snapshot, db: Database, *, code: DeviceCode, user_id: str
) -> Asked:
    """Return what the device would get: of the scopes of an API those that roles grant now."""
    names = code.scope.split()
    asked = []
    for indicator in code.resources:
        resource = await find_resource(snapshot, indicator)
        if resource is None:
            continue
        allowed = await user_scopes(
            db, tenant_id=snapshot.tenant_id, user_id=user_id, resource_id=resource.id
        )
        listing = await list_scopes(
            db, tenant_id=snapshot.tenant_id, where=ScopeFilter(resource_id=resource.id)
        )
        permissions = [
            scope.description or scope.name
            for scope in listing.entries
            if scope.name in names and scope.name in allowed
        ]
        if permissions:
            asked.append(AskedResource(resource.name, permissions))
    own = [name for name in names if name in OIDC_SCOPES and name != OPENID]
    return Asked(scopes=own, resources=asked)
