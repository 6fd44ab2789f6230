"""RFC 8628 section 5.4: what a device asks for, in words, for the person who lets it in.

Of an API that is what the person's roles grant; an application of a third party keeps within its
ceiling besides, and what the person allows it is remembered as their consent.
"""

from __future__ import annotations

import hashlib

import msgspec

from doorward.applications.cached import Client
from doorward.consents.asked import Asked, find_asked
from doorward.consents.store import find_consent
from doorward.device_codes.tables import DeviceCode
from doorward.kit.jose import encode_base64url
from doorward.oidc.errors import AccessDenied
from doorward.oidc.scopes import OIDC_SCOPES, OPENID
from doorward.resources.cached import find_resource
from doorward.resources.store import ScopeFilter, list_scopes
from doorward.roles.permissions import user_scopes
from doorward.storage import Database, Executor, Snapshot


class AskedResource(msgspec.Struct, frozen=True):
    """An API and what may be done there, as its owner describes it."""

    name: str
    permissions: list[str]


class Described(msgspec.Struct, frozen=True):
    """`scopes` are those about the person, by name; each has a text `consent.scope_<name>`."""

    scopes: list[str]
    resources: list[AskedResource]


async def what_is_asked(
    snapshot: Snapshot, db: Executor, *, code: DeviceCode, client: Client, user_id: str
) -> Asked:
    """Return what the device would get from this person."""
    if client.is_third_party:
        return await find_asked(
            db,
            snapshot,
            client_id=client.id,
            user_id=user_id,
            scope=code.scope,
            resources=code.resources,
        )
    names = tuple(code.scope.split())
    resource_scopes: dict[str, tuple[str, ...]] = {}
    for indicator in code.resources:
        resource = await find_resource(snapshot, indicator)
        if resource is None:
            continue
        allowed = await user_scopes(
            db, tenant_id=snapshot.tenant_id, user_id=user_id, resource_id=resource.id
        )
        if granted := tuple(name for name in names if name in allowed):
            resource_scopes[indicator] = granted
    return Asked(tuple(name for name in names if name in OIDC_SCOPES), resource_scopes)


async def describe(snapshot: Snapshot, db: Database, *, asked: Asked) -> Described:
    """Return the same in words."""
    resources = []
    for indicator, names in asked.resource_scopes.items():
        resource = await find_resource(snapshot, indicator)
        if resource is None:
            continue
        listing = await list_scopes(
            db, tenant_id=snapshot.tenant_id, where=ScopeFilter(resource_id=resource.id)
        )
        permissions = [one.description or one.name for one in listing.entries if one.name in names]
        resources.append(AskedResource(resource.name, permissions))
    return Described([name for name in asked.scopes if name != OPENID], resources)


def digest_of(asked: Asked) -> str:
    """Return a value that changes with what is asked."""
    encoded = msgspec.json.encode(asked, order="deterministic")
    return encode_base64url(hashlib.sha256(encoded).digest()[:16])


async def find_allowed(
    snapshot: Snapshot, db: Executor, *, code: DeviceCode, client: Client, user_id: str
) -> Asked | None:
    """Return what a person allowed a third party's device; None for an application of one's own.

    Raises:
        AccessDenied: they have taken it back.
    """
    if not client.is_third_party:
        return None
    consent = await find_consent(
        db, tenant_id=snapshot.tenant_id, user_id=user_id, client_id=client.id
    )
    if consent is None:
        raise AccessDenied("the user has not allowed the access")
    asked = await what_is_asked(snapshot, db, code=code, client=client, user_id=user_id)
    return asked.within(consent)
