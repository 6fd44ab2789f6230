"""The sign-in experience as every request reads it: parsed once for each configuration version."""

from __future__ import annotations

from doorward.sign_in_experience.document import Experience, parse_experience
from doorward.sign_in_experience.store import get_experience
from doorward.storage import Snapshot

_KEY = "sign_in_experience"


async def current_experience(snapshot: Snapshot) -> Experience:
    """Return the tenant's experience.

    Raises:
        NotFound: the tenant was never seeded.
    """

    async def load() -> Experience:
        stored = await get_experience(snapshot.db, tenant_id=snapshot.tenant_id)
        return parse_experience(stored.document, sign_in_mode=stored.sign_in_mode)

    return await snapshot.get(_KEY, load)
