"""The sign-in experience as every request reads it: parsed once for each configuration version."""

from __future__ import annotations

from doorward.sign_in_experience.application import (
    NO_CHANGES,
    ApplicationExperience,
    parse_application_experience,
)
from doorward.sign_in_experience.document import Experience, parse_experience
from doorward.sign_in_experience.store import find_application_experience, get_experience
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


async def application_experience(snapshot: Snapshot, application_id: str) -> ApplicationExperience:
    """Return what an application changes of the tenant's experience; most change nothing."""

    async def load() -> ApplicationExperience:
        document = await find_application_experience(
            snapshot.db, tenant_id=snapshot.tenant_id, application_id=application_id
        )
        return NO_CHANGES if document is None else parse_application_experience(document)

    return await snapshot.get(("application_sign_in_experience", application_id), load)
