"""Rotation: a new key signs from a deadline on, the old one verifies until its tokens are over.

rotate_keys          by hand (API, console, command line) or by the schedule (schedule.py)
add_key_set          the first key of an algorithm beside the default one
apply_policy         how often keys change, and which algorithms have keys
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from doorward.applications.store import list_signing_algorithms, longest_id_token_lifetime
from doorward.errors import RequestError
from doorward.keys import store
from doorward.keys.tables import KeyPolicy
from doorward.keys.timeline import DEFAULT_SET, current_of, key_sets
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.jose import SigningKey
from doorward.resources.store import longest_access_token_lifetime
from doorward.storage import Executor, Transaction, config_changed

JWKS_CACHE_TIME = timedelta(hours=1)
"""For so long clients keep the JWKS, whatever its headers say."""

MINIMUM_RETIREMENT = timedelta(days=1)
KEPT_PREVIOUS_KEYS = 8
"""Previous keys of a set that stay; only rotating by hand again and again makes more."""


async def rotate_keys(
    tx: Transaction,
    *,
    tenant_id: str,
    algorithm: str,
    sealer: Sealer,
    clock: Clock,
    grace: timedelta = timedelta(),
    key_set: str = DEFAULT_SET,
) -> str:
    """Make a key that signs once `grace` is over and return its kid.

    Raises:
        RequestError: 422 oidc.invalid_request, a next key is waiting and nothing says until when
            its successor shall wait.
    """
    # 1. Counted first, so that two who rotate at once take turns.
    await config_changed(tx, tenant_id)
    now = clock.now()
    stored = await store.list_keys(tx, tenant_id=tenant_id)
    line = key_sets(stored).get(key_set, [])
    current = current_of(line, now=now) if line else None

    # 2. A key that waited for its turn has signed nothing; the new one stands in its place.
    waiting = [key for key in line if current is not None and key.active_from > current.active_from]
    if waiting and not grace:
        raise RequestError("oidc.invalid_request", status=422, detail="a next key is waiting")
    for key in waiting:
        await store.delete_key(tx, tenant_id=tenant_id, kid=key.id)

    # 3. The one that signs now steps back at the deadline, and leaves when its tokens are over.
    deadline = now + grace
    if current is not None:
        lifetime = await _longest_lifetime(tx, tenant_id=tenant_id)
        await store.end_key(
            tx,
            tenant_id=tenant_id,
            kid=current.id,
            active_until=deadline,
            retires_at=deadline + lifetime,
        )

    # 4. The new one takes its place.
    fresh = await asyncio.to_thread(SigningKey.generate, algorithm)
    await _add(
        tx,
        tenant_id=tenant_id,
        key_set=key_set,
        key=fresh,
        sealer=sealer,
        now=now,
        active_from=deadline,
    )

    # 5. An application that asked for the old algorithm by name keeps having it.
    if current is not None and key_set == DEFAULT_SET and current.algorithm != algorithm:
        await _keep_algorithm(
            tx,
            tenant_id=tenant_id,
            algorithm=current.algorithm,
            sealer=sealer,
            now=now,
            active_from=deadline,
        )

    # 6. The oldest leave, if somebody rotates without end.
    previous = [key for key in line if key not in waiting and key is not current]
    for key in previous[: -(KEPT_PREVIOUS_KEYS - 1)]:
        await store.delete_key(tx, tenant_id=tenant_id, kid=key.id)
    return fresh.kid


async def add_first_key(tx: Transaction, *, tenant_id: str, sealer: Sealer, now: datetime) -> None:
    """Give a new tenant the key that signs."""
    await _add(
        tx,
        tenant_id=tenant_id,
        key_set=DEFAULT_SET,
        key=SigningKey.generate("ES256"),
        sealer=sealer,
        now=now,
        active_from=now,
    )


async def add_key_set(
    tx: Transaction,
    *,
    tenant_id: str,
    first: SigningKey,
    sealer: Sealer,
    now: datetime,
    active_from: datetime | None = None,
) -> None:
    """Begin the key set of an algorithm with its first key, unless it has begun."""
    await config_changed(tx, tenant_id)
    stored = await store.list_keys(tx, tenant_id=tenant_id)
    if any(key.key_set == first.algorithm for key in stored):
        return
    await _add(
        tx,
        tenant_id=tenant_id,
        key_set=first.algorithm,
        key=first,
        sealer=sealer,
        now=now,
        active_from=active_from or now,
    )


async def apply_policy(
    tx: Transaction, *, tenant_id: str, policy: KeyPolicy, sealer: Sealer, clock: Clock
) -> None:
    """Store how often keys change, and which algorithms have keys; both hold from now on."""
    await config_changed(tx, tenant_id)
    await store.save_policy(tx, tenant_id=tenant_id, policy=policy)

    # 1. The keys that nobody follows yet get a new end.
    stored = await store.list_keys(tx, tenant_id=tenant_id)
    for line in key_sets(stored).values():
        newest = line[-1]
        await store.end_key(
            tx,
            tenant_id=tenant_id,
            kid=newest.id,
            active_until=_end(newest.active_from, policy),
            retires_at=None,
        )

    # 2. Keys for the algorithms.
    for algorithm in policy.algorithms:
        if any(key.key_set == algorithm for key in stored):
            continue
        first = await asyncio.to_thread(SigningKey.generate, algorithm)
        await add_key_set(tx, tenant_id=tenant_id, first=first, sealer=sealer, now=clock.now())


async def _add(
    tx: Transaction,
    *,
    tenant_id: str,
    key_set: str,
    key: SigningKey,
    sealer: Sealer,
    now: datetime,
    active_from: datetime,
) -> None:
    policy = await store.find_policy(tx, tenant_id=tenant_id)
    await store.add_key(
        tx,
        tenant_id=tenant_id,
        key=key,
        sealer=sealer,
        created_at=now,
        active_from=active_from,
        active_until=_end(active_from, policy),
        key_set=key_set,
    )


def _end(active_from: datetime, policy: KeyPolicy) -> datetime | None:
    days = policy.rotation_period_in_days
    return active_from + timedelta(days=days) if days else None


async def _keep_algorithm(
    tx: Transaction,
    *,
    tenant_id: str,
    algorithm: str,
    sealer: Sealer,
    now: datetime,
    active_from: datetime,
) -> None:
    if algorithm in await list_signing_algorithms(tx, tenant_id=tenant_id):
        first = await asyncio.to_thread(SigningKey.generate, algorithm)
        await add_key_set(
            tx, tenant_id=tenant_id, first=first, sealer=sealer, now=now, active_from=active_from
        )


async def _longest_lifetime(db: Executor, *, tenant_id: str) -> timedelta:
    """Return for how long a token may be valid, with an hour to spare for clocks and caches."""
    seconds = max(
        await longest_access_token_lifetime(db, tenant_id=tenant_id),
        await longest_id_token_lifetime(db, tenant_id=tenant_id),
    )
    return max(timedelta(seconds=seconds), MINIMUM_RETIREMENT) + JWKS_CACHE_TIME
