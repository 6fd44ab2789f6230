"""The parsed keys of a tenant, kept in its configuration snapshot until one of them changes roles.

current_keys(snapshot)             every request: one comparison of times
signing_key(snapshot, algorithm)   where an application chooses; makes the first key of a set
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from doorward.errors import NotFound
from doorward.keys import store
from doorward.keys.rotation import add_key_set
from doorward.keys.tables import StoredKey
from doorward.keys.timeline import DEFAULT_SET, current_of, is_published, key_sets, next_change
from doorward.kit.crypto import Sealer
from doorward.kit.jose import ALGORITHMS, SigningKey, VerificationKey
from doorward.storage import Snapshot

_ENTRY = "keys"


class KeyRing:
    """`current` signs, `verification_keys` (by kid) verify, `jwks` is the ready JSON document of
    the keys `kids`.

    All of it holds until `changes_at`. Retired keys leave the JWKS but stay among the verification
    keys until they are deleted: an expired ID token may still be a hint.
    """

    def __init__(self, stored: list[StoredKey], *, sealer: Sealer, now: datetime) -> None:
        sets = key_sets(stored)
        if DEFAULT_SET not in sets:
            raise NotFound("signing keys", "current")
        self._signing = {
            name: _parse(current_of(line, now=now), sealer=sealer) for name, line in sets.items()
        }
        self.current = self._signing[DEFAULT_SET]
        self._begun = {name for name, line in sets.items() if line[0].active_from <= now}
        self.verification_keys: Mapping[str, VerificationKey] = {
            key.id: VerificationKey.from_jwk(key.public_jwk) for key in stored
        }
        self.changes_at = next_change(stored, now=now)
        published = [key for key in reversed(stored) if is_published(key, now=now)]
        self.kids = tuple(key.id for key in published)
        # Any of them is made on demand; what signs by default comes first.
        self.supported = sorted(ALGORITHMS, key=lambda name: name != self.current.algorithm)
        keys: list[dict[str, Any]] = [key.public_jwk for key in published]
        self.jwks = msgspec.json.encode({"keys": keys})

    def find(self, algorithm: str) -> SigningKey | None:
        """Return the key that signs with this algorithm, if there is one. The default key does
        until the set of its algorithm begins: nobody may know that set's first key yet."""
        if self.current.algorithm == algorithm and algorithm not in self._begun:
            return self.current
        return self._signing.get(algorithm)


async def current_keys(snapshot: Snapshot, *, sealer: Sealer) -> KeyRing:
    """Return the tenant's key ring as of now.

    Raises:
        NotFound: the tenant has no key, so it was never seeded.
    """
    ring: KeyRing | None = snapshot.peek(_ENTRY)
    if ring is not None and (ring.changes_at is None or snapshot.now() < ring.changes_at):
        return ring
    stored = await store.list_keys(snapshot.db, tenant_id=snapshot.tenant_id)
    ring = KeyRing(stored, sealer=sealer, now=snapshot.now())
    snapshot.put(_ENTRY, ring)
    return ring


async def signing_key(snapshot: Snapshot, algorithm: str | None, *, sealer: Sealer) -> SigningKey:
    """Return the key for an algorithm that an application asks for, or the current one for None.

    The first time that anybody asks for an algorithm its keys are made.
    """
    ring = await current_keys(snapshot, sealer=sealer)
    # What an application may ask for was checked when it was stored.
    if algorithm is None or algorithm not in ALGORITHMS:
        return ring.current
    return ring.find(algorithm) or await _make_first(snapshot, algorithm, sealer=sealer)


async def _make_first(snapshot: Snapshot, algorithm: str, *, sealer: Sealer) -> SigningKey:
    tenant_id = snapshot.tenant_id
    # An RSA key takes a tenth of a second to find; others are served meanwhile.
    fresh = await asyncio.to_thread(SigningKey.generate, algorithm)
    async with snapshot.db.transaction(tenant_id) as tx:
        await add_key_set(tx, tenant_id=tenant_id, first=fresh, sealer=sealer, now=snapshot.now())
        stored = await store.list_keys(tx, tenant_id=tenant_id)
    # Another request may have been faster: whoever wrote first, that key is used.
    ring = KeyRing(stored, sealer=sealer, now=snapshot.now())
    snapshot.put(_ENTRY, ring)
    found = ring.find(algorithm)
    if found is None:
        raise NotFound("signing keys", algorithm)
    return found


def _parse(key: StoredKey, *, sealer: Sealer) -> SigningKey:
    pem = sealer.unseal(key.private_key, purpose=store.SEAL_PURPOSE)
    return SigningKey.from_pem(pem, algorithm=key.algorithm, kid=key.id)
