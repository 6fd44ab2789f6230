"""The dispatch of /oidc: from (method, path) to an endpoint."""

from __future__ import annotations

from typing import Any

import msgspec

from doorward.keys.ring import current_keys
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.settings import Settings
from doorward.storage import Database, Snapshots


class Oidc:
    """The provider of every tenant; the tenant of a request comes with its edge."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        snapshots: Snapshots,
        clock: Clock,
        sealer: Sealer,
    ) -> None:
        self._settings = settings
        self._db = db
        self._snapshots = snapshots
        self._clock = clock
        self._sealer = sealer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        edge: Edge = scope["state"]["edge"]
        if scope["path"] == "/oidc/jwks":
            snapshot = await self._snapshots.current(edge.tenant_id)
            ring = await current_keys(snapshot, sealer=self._sealer)
            await _answer(send, 200, ring.jwks)
            return
        await _answer(send, 404, msgspec.json.encode({"error": "invalid_request"}))


async def _answer(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
