"""/api/configs/oidc: which keys sign, rotating and deleting them, and how often they change.

Cookies are signed under the master key of the installation, so a tenant has no cookie keys.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post, put
from msgspec import UNSET, Meta, UnsetType

from doorward.errors import RequestError
from doorward.keys import store
from doorward.keys.rotation import apply_policy, rotate_keys
from doorward.keys.tables import KeyPolicy, StoredKey
from doorward.keys.timeline import (
    DEFAULT_SET,
    KeyStatus,
    current_of,
    key_sets,
    newest_first,
    statuses,
)
from doorward.kit.clock import Clock, to_milliseconds
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.management.body import Body, View
from doorward.storage import Database, Executor, config_changed

Family = Literal["EC", "RSA"]
Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"]
_FAMILIES: dict[str, Family] = {"ES": "EC", "RS": "RSA", "PS": "RSA"}
_ALGORITHMS: dict[Family, str] = {"EC": "ES256", "RSA": "RS256"}


class KeyView(View):
    """A signing key; times in seconds. `keySet` is "default" or the algorithm that applications
    ask for by name; each set has a current key. `activeUntil` is when the schedule replaces it."""

    id: str
    created_at: int
    status: Literal["Next", "Current", "Previous"]
    algorithm: Algorithm
    key_set: str
    active_from: int
    active_until: int | None
    retires_at: int | None
    signing_key_algorithm: Family | UnsetType = UNSET


class RotateKeys(Body):
    """Which kind of key shall sign once the grace period (seconds) is over. `algorithm` is more
    exact than the family; `keySet` names the set to rotate, and one of an algorithm keeps it."""

    signing_key_algorithm: Family | UnsetType = UNSET
    algorithm: Algorithm | UnsetType = UNSET
    rotation_grace_period: Annotated[int, Meta(ge=0, le=31_536_000)] = 0
    key_set: Annotated[str, Meta(max_length=8)] = DEFAULT_SET


class KeyPolicyBody(Body):
    """How often keys change, and which algorithms have keys before an application asks for them.
    0 days: keys change by hand only."""

    rotation_period_in_days: Annotated[int, Meta(ge=0, le=3650)]
    algorithms: Annotated[list[Algorithm], Meta(max_length=6)] = msgspec.field(default_factory=list)


@get("/api/configs/oidc/private-keys", tags=["Configs"])
async def list_keys(db: Database, edge: Edge, clock: Clock) -> list[KeyView]:
    """List the signing keys: the default set first, each set from its newest key on."""
    return await _view_keys(db, edge, clock)


@post("/api/configs/oidc/private-keys/rotate", tags=["Configs"], status_code=200)
async def rotate(
    data: RotateKeys, db: Database, edge: Edge, sealer: Sealer, clock: Clock
) -> list[KeyView]:
    """Let a new key sign, at once or after a grace period; tokens of the one before verify on."""
    async with db.transaction(edge.tenant_id) as tx:
        # Counted first, so that two who rotate at once take turns and one key is current.
        await config_changed(tx, edge.tenant_id)
        stored = await store.list_keys(tx, tenant_id=edge.tenant_id)
        line = key_sets(stored).get(data.key_set)
        if line is None:
            raise RequestError("oidc.key_not_found", status=404, interpolation={"id": data.key_set})
        await rotate_keys(
            tx,
            tenant_id=edge.tenant_id,
            algorithm=_next_algorithm(current_of(line, now=clock.now()), data),
            sealer=sealer,
            clock=clock,
            grace=timedelta(seconds=data.rotation_grace_period),
            key_set=data.key_set,
        )
        return await _view_keys(tx, edge, clock)


@delete("/api/configs/oidc/private-keys/{kid:str}", tags=["Configs"])
async def delete_key(kid: str, db: Database, edge: Edge, clock: Clock) -> None:
    """Delete a previous key; tokens it signed no longer verify."""
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        stored = await store.list_keys(tx, tenant_id=edge.tenant_id)
        found = next((key for key in stored if key.id == kid), None)
        if found is None:
            raise RequestError("oidc.key_not_found", status=404, interpolation={"id": kid})
        if len(key_sets(stored)[found.key_set]) == 1:
            raise RequestError("oidc.key_required", status=422)
        if statuses(stored, now=clock.now())[kid] is not KeyStatus.PREVIOUS:
            raise RequestError("oidc.only_previous_key_can_be_deleted", status=422)
        await store.delete_key(tx, tenant_id=edge.tenant_id, kid=kid)


@get("/api/configs/oidc/key-rotation", tags=["Configs"])
async def show_key_policy(db: Database, edge: Edge) -> KeyPolicyBody:
    """Show how often signing keys change."""
    return _view_policy(await store.find_policy(db, tenant_id=edge.tenant_id))


@put("/api/configs/oidc/key-rotation", tags=["Configs"])
async def replace_key_policy(
    data: KeyPolicyBody, db: Database, edge: Edge, sealer: Sealer, clock: Clock
) -> KeyPolicyBody:
    """Choose how often signing keys change, and which algorithms have keys."""
    policy = KeyPolicy(
        rotation_period_in_days=data.rotation_period_in_days,
        algorithms=tuple(dict.fromkeys(data.algorithms)),
    )
    async with db.transaction(edge.tenant_id) as tx:
        await apply_policy(tx, tenant_id=edge.tenant_id, policy=policy, sealer=sealer, clock=clock)
    return _view_policy(policy)


async def _view_keys(db: Executor, edge: Edge, clock: Clock) -> list[KeyView]:
    stored = await store.list_keys(db, tenant_id=edge.tenant_id)
    status = statuses(stored, now=clock.now())
    return [_view(key, status[key.id]) for key in newest_first(stored)]


def _view(key: StoredKey, status: KeyStatus) -> KeyView:
    algorithm: Any = key.algorithm
    return KeyView(
        id=key.id,
        created_at=_seconds(key.created_at),
        status=status.value,
        signing_key_algorithm=_FAMILIES.get(key.algorithm[:2], UNSET),
        algorithm=algorithm,
        key_set=key.key_set,
        active_from=_seconds(key.active_from),
        active_until=None if key.active_until is None else _seconds(key.active_until),
        retires_at=None if key.retires_at is None else _seconds(key.retires_at),
    )


def _view_policy(policy: KeyPolicy) -> KeyPolicyBody:
    algorithms: Any = list(policy.algorithms)
    return KeyPolicyBody(
        rotation_period_in_days=policy.rotation_period_in_days, algorithms=algorithms
    )


def _next_algorithm(current: StoredKey, data: RotateKeys) -> str:
    """Return the algorithm of the current key, unless another one or another family is wanted."""
    if data.key_set != DEFAULT_SET:
        return current.algorithm
    if data.algorithm is not UNSET:
        return data.algorithm
    wanted: Family = "EC" if data.signing_key_algorithm is UNSET else data.signing_key_algorithm
    is_same = _FAMILIES.get(current.algorithm[:2]) == wanted
    return current.algorithm if is_same else _ALGORITHMS[wanted]


def _seconds(moment: datetime) -> int:
    return to_milliseconds(moment) // 1000


HANDLERS = (list_keys, rotate, delete_key, show_key_policy, replace_key_policy)
