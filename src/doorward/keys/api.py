"""/api/configs/oidc/private-keys: which keys sign, rotating and deleting them.

Cookies are signed under the master key of the installation, so a tenant has no cookie keys.
"""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import delete, get, post
from msgspec import UNSET, Meta, UnsetType

from doorward.errors import RequestError
from doorward.keys import store
from doorward.keys.ring import KeyStatus
from doorward.keys.rotation import rotate_keys
from doorward.keys.tables import StoredKey
from doorward.kit.clock import Clock, to_milliseconds
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.management.body import Body, View
from doorward.storage import Database, Executor, config_changed

Family = Literal["EC", "RSA"]
_FAMILIES: dict[str, Family] = {"ES": "EC", "RS": "RSA", "PS": "RSA"}
_ALGORITHMS: dict[Family, str] = {"EC": "ES256", "RSA": "RS256"}


class KeyView(View):
    """A signing key; `createdAt` in seconds."""

    id: str
    created_at: int
    status: Literal["Next", "Current", "Previous"]
    signing_key_algorithm: Family | UnsetType = UNSET


class RotateKeys(Body):
    """Which kind of key shall sign from now on."""

    signing_key_algorithm: Family | UnsetType = UNSET
    rotation_grace_period: Annotated[int, Meta(ge=0)] = 0


@get("/api/configs/oidc/private-keys", tags=["Configs"])
async def list_keys(db: Database, edge: Edge) -> list[KeyView]:
    """List the signing keys, newest first."""
    return await _view_keys(db, edge)


@post("/api/configs/oidc/private-keys/rotate", tags=["Configs"], status_code=200)
async def rotate(
    data: RotateKeys, db: Database, edge: Edge, sealer: Sealer, clock: Clock
) -> list[KeyView]:
    """Let a new key sign; tokens of the one before go on verifying."""
    if data.rotation_grace_period:
        raise RequestError("request.feature_not_supported", status=422)
    async with db.transaction(edge.tenant_id) as tx:
        # Counted first, so that two who rotate at once take turns and one key is current.
        await config_changed(tx, edge.tenant_id)
        stored = await store.list_keys(tx, tenant_id=edge.tenant_id)
        algorithm = _next_algorithm(stored, data.signing_key_algorithm)
        await rotate_keys(
            tx, tenant_id=edge.tenant_id, algorithm=algorithm, sealer=sealer, clock=clock
        )
        return await _view_keys(tx, edge)


@delete("/api/configs/oidc/private-keys/{kid:str}", tags=["Configs"])
async def delete_key(kid: str, db: Database, edge: Edge) -> None:
    """Delete a previous key; tokens it signed no longer verify."""
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        stored = await store.list_keys(tx, tenant_id=edge.tenant_id)
        found = next((key for key in stored if key.id == kid), None)
        if found is None:
            raise RequestError("oidc.key_not_found", status=404, interpolation={"id": kid})
        if len(stored) == 1:
            raise RequestError("oidc.key_required", status=422)
        if found.status != KeyStatus.PREVIOUS:
            raise RequestError("oidc.only_previous_key_can_be_deleted", status=422)
        await store.delete_key(tx, tenant_id=edge.tenant_id, kid=kid)


async def _view_keys(db: Executor, edge: Edge) -> list[KeyView]:
    stored = await store.list_keys(db, tenant_id=edge.tenant_id)
    return [_view(key) for key in reversed(stored)]


def _view(key: StoredKey) -> KeyView:
    return KeyView(
        id=key.id,
        created_at=to_milliseconds(key.created_at) // 1000,
        status=KeyStatus(key.status).value,
        signing_key_algorithm=_FAMILIES.get(key.algorithm[:2], UNSET),
    )


def _next_algorithm(stored: list[StoredKey], family: Family | UnsetType) -> str:
    """Return the algorithm of the current key, unless another family is asked for."""
    current = next(key.algorithm for key in stored if key.status == KeyStatus.CURRENT)
    wanted: Family = "EC" if family is UNSET else family
    return current if _FAMILIES.get(current[:2]) == wanted else _ALGORITHMS[wanted]


HANDLERS = (list_keys, rotate, delete_key)
