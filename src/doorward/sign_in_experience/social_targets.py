"""Which social targets the sign-in pages offer, kept in step with the connectors.

The slice `connectors` is told about this function instead of importing it: saving an experience
asks for the connectors, so an import the other way would be a circle.
"""

from __future__ import annotations

from doorward.sign_in_experience.store import get_experience, save_experience
from doorward.storage import Transaction, config_changed


async def forget_social_target(tx: Transaction, *, tenant_id: str, target: str) -> None:
    """Take a target, whose last connector is gone, out of the sign-in settings."""
    stored = await get_experience(tx, tenant_id=tenant_id)
    targets = stored.document.get("socialSignInConnectorTargets") or []
    if target not in targets:
        return
    document = {
        **stored.document,
        "socialSignInConnectorTargets": [known for known in targets if known != target],
    }
    await save_experience(
        tx, tenant_id=tenant_id, sign_in_mode=stored.sign_in_mode, document=document
    )
    await config_changed(tx, tenant_id)
