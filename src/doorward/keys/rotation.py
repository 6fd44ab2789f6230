"""Rotation: a new key signs, the old one goes on verifying until it is deleted."""

from __future__ import annotations

from doorward.keys import store
from doorward.keys.ring import KeyStatus
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.jose import SigningKey
from doorward.storage import Transaction, config_changed

KEPT_PREVIOUS_KEYS = 2
"""Previous keys that stay in the JWKS; tokens live an hour, so two rotations back is ample."""


async def rotate_keys(
    tx: Transaction, *, tenant_id: str, algorithm: str, sealer: Sealer, clock: Clock
) -> str:
    """Make a new current key and return its kid; the old one becomes previous.

    Tokens of the last `KEPT_PREVIOUS_KEYS` keys keep verifying, older keys are deleted.
    """
    # 1. The signing key steps back.
    stored = await store.list_keys(tx, tenant_id=tenant_id)
    for key in stored:
        if key.status == KeyStatus.CURRENT:
            await store.set_key_status(
                tx, tenant_id=tenant_id, kid=key.id, status=KeyStatus.PREVIOUS
            )

    # 2. A new one takes its place.
    fresh = SigningKey.generate(algorithm)
    await store.add_key(
        tx,
        tenant_id=tenant_id,
        key=fresh,
        status=KeyStatus.CURRENT,
        sealer=sealer,
        created_at=clock.now(),
    )

    # 3. The oldest leave.
    previous = [key for key in stored if key.status != KeyStatus.NEXT]
    for key in previous[:-KEPT_PREVIOUS_KEYS]:
        await store.delete_key(tx, tenant_id=tenant_id, kid=key.id)

    await config_changed(tx, tenant_id)
    return fresh.kid
