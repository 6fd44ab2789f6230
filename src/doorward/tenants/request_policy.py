"""RFC 9126 section 5, RFC 9101 section 10.5: what a tenant demands of all requests."""

from __future__ import annotations

import msgspec

from doorward.storage import Snapshot
from doorward.tenants.store import find_config

KEY = "authorizationRequests"
_ENTRY = "request_policy"


class RequestPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Off by default: most clients neither push nor sign."""

    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False

    @property
    def is_hardened(self) -> bool:
        """Whether the tenant demands what only the profiles of FAPI 2.0 do (see `Client`)."""
        return self.require_pushed_authorization_requests or self.require_signed_request_object


async def current_policy(snapshot: Snapshot) -> RequestPolicy:
    """Return the tenant's policy."""

    async def load() -> RequestPolicy:
        value = await find_config(snapshot.db, tenant_id=snapshot.tenant_id, key=KEY)
        return msgspec.convert(value or {}, RequestPolicy)

    return await snapshot.get(_ENTRY, load)
