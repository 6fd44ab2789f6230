"""RFC 6749 section 3.3 and OpenID Connect Core section 5.4: scopes, and who may have which."""

from __future__ import annotations

from doorward.resources.cached import find_resource
from doorward.roles.permissions import user_scopes
from doorward.storage import Executor, Snapshot

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
OIDC_SCOPES = (
    OPENID,
    OFFLINE_ACCESS,
    "profile",
    "email",
    "phone",
    "address",
    "custom_data",
    "identities",
    "roles",
)
"""The scopes that speak of the user; all others belong to API resources."""

_OIDC_SCOPES = frozenset(OIDC_SCOPES)


def oidc_scopes(scope: str) -> str:
    """Return the scopes about the user among those asked for, in their order."""
    return " ".join(name for name in scope.split() if name in _OIDC_SCOPES)


async def resource_scopes(
    snapshot: Snapshot, db: Executor, *, user_id: str, indicator: str, scope: str
) -> str:
    """Return the scopes of a resource that were asked for AND that the user's roles grant now."""
    resource = await find_resource(snapshot, indicator)
    if resource is None:
        return ""
    allowed = await user_scopes(
        db, tenant_id=snapshot.tenant_id, user_id=user_id, resource_id=resource.id
    )
    return " ".join(name for name in scope.split() if name in allowed)
