"""The parsed keys of a tenant, kept in its configuration snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from doorward.errors import NotFound
from doorward.keys import store
from doorward.keys.tables import StoredKey
from doorward.kit.crypto import Sealer
from doorward.kit.jose import SigningKey, VerificationKey
from doorward.storage import Snapshot


class KeyStatus(StrEnum):
    """Life of a key: published ahead of use, signing, still verifying."""

    NEXT = "Next"
    CURRENT = "Current"
    PREVIOUS = "Previous"


class KeyRing:
    """`current` signs, `verification_keys` (by kid) verify, `jwks` is the ready JSON document."""

    def __init__(self, stored: list[StoredKey], *, sealer: Sealer) -> None:
        row = next((key for key in stored if key.status == KeyStatus.CURRENT), None)
        if row is None:
            raise NotFound("signing key", "current")
        pem = sealer.unseal(row.private_key, purpose=store.SEAL_PURPOSE)
        self.current = SigningKey.from_pem(pem, algorithm=row.algorithm, kid=row.id)
        self.verification_keys: Mapping[str, VerificationKey] = {
            key.id: VerificationKey.from_jwk(key.public_jwk) for key in stored
        }
        self.algorithms = sorted({key.algorithm for key in stored})
        keys: list[dict[str, Any]] = [key.public_jwk for key in reversed(stored)]
        self.jwks = msgspec.json.encode({"keys": keys})


async def current_keys(snapshot: Snapshot, *, sealer: Sealer) -> KeyRing:
    """Return the tenant's key ring.

    Raises:
        NotFound: the tenant has no current key, so it was never seeded.
    """

    async def load() -> KeyRing:
        stored = await store.list_keys(snapshot.db, tenant_id=snapshot.tenant_id)
        return KeyRing(stored, sealer=sealer)

    return await snapshot.get("keys", load)
