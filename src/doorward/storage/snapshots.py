"""Configuration snapshots: what every request reads, kept in memory per tenant and version.

`tenants.config_version` counts configuration changes. A snapshot belongs to one value of it and
fills lazily, so a tenant with 10,000 applications costs what its busy ones cost. A change made by
this process is seen at once; one made elsewhere through SQLite's data_version or PostgreSQL's
NOTIFY, and in any case within `database.staleness` seconds, because the version is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, select, update

from doorward.kit.clock import Clock, SystemClock
from doorward.storage.database import Database, Transaction
from doorward.storage.statements import Statement
from doorward.storage.tenants import tenants

T = TypeVar("T")

_MAX_ENTRIES = 50_000
_FIND_VERSION = Statement(
    select(tenants.c.config_version).where(tenants.c.id == bindparam("tenant_id"))
)
_BUMP_VERSION = Statement(
    update(tenants)
    .where(tenants.c.id == bindparam("tenant_id"))
    .values(config_version=tenants.c.config_version + 1)
)


class Snapshot:
    """The configuration of one tenant at one version; entries load at first use. What holds only
    for a time (keys) is held against `now()`."""

    __slots__ = ("_entries", "db", "fresh_until", "now", "tenant_id", "token", "version")

    def __init__(
        self,
        db: Database,
        *,
        tenant_id: str,
        version: int,
        token: int | None,
        now: Callable[[], datetime],
    ) -> None:
        self.db = db
        self.now = now
        self.tenant_id = tenant_id
        self.version = version
        self.token = token
        self.fresh_until = 0.0
        self._entries: dict[Hashable, Any] = {}

    async def get(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> T:
        """Return the entry, loading it the first time. None is never kept: a stranger who asks for
        random ids must not fill the memory."""
        entry: T | None = self._entries.get(key)
        if entry is not None:
            return entry
        loaded = await load()
        if loaded is not None:
            self.put(key, loaded)
        return loaded

    def put(self, key: Hashable, entry: Any) -> None:
        """Keep an entry, in place of the one before it."""
        if len(self._entries) >= _MAX_ENTRIES:
            self._entries.clear()
        self._entries[key] = entry

    def peek(self, key: Hashable) -> Any:
        """Return the entry if it is loaded, else None."""
        return self._entries.get(key)


class Snapshots:
    """The current snapshot of each tenant."""

    def __init__(self, db: Database, *, clock: Clock | None = None) -> None:
        self._db = db
        self._now = (clock or SystemClock()).now
        self._current: dict[str, Snapshot] = {}
        db.on_notify(self._expire)

    async def current(self, tenant_id: str) -> Snapshot:
        """Return the tenant's snapshot, at most `database.staleness` seconds behind."""
        snapshot = self._current.get(tenant_id)
        if snapshot is not None and time.monotonic() < snapshot.fresh_until:
            return snapshot
        return await self._refresh(tenant_id, snapshot)

    async def _refresh(self, tenant_id: str, known: Snapshot | None) -> Snapshot:
        token = self._db.change_token()
        if known is None or token is None or token != known.token:
            row = await self._db.one(_FIND_VERSION, tenant_id=tenant_id)
            version = row["config_version"] if row else 0
            if known is None or known.version != version:
                known = Snapshot(
                    self._db, tenant_id=tenant_id, version=version, token=token, now=self._now
                )
            known.token = token
        known.fresh_until = time.monotonic() + self._db.staleness
        self._current[tenant_id] = known
        return known

    def _expire(self, tenant_id: str) -> None:
        # Dropped, not marked: an entry that is being loaded right now lands in the old snapshot.
        self._current.pop(tenant_id, None)


async def config_changed(tx: Transaction, tenant_id: str) -> None:
    """Count a configuration change in the transaction that makes it, and announce it."""
    await tx.execute(_BUMP_VERSION, tenant_id=tenant_id)
    await tx.notify(tenant_id)
