"""One page of a list, with the length of the whole list."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Select, func, select

from doorward.storage.database import Executor
from doorward.storage.statements import Statement

T = TypeVar("T")


class Window(msgspec.Struct, frozen=True):
    """Which entries of a list are wanted; without a limit all of them, uncounted."""

    limit: int | None = None
    offset: int = 0


EVERYTHING = Window()


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """Entries of a window, and how many the whole list has."""

    entries: list[T]
    total: int


async def fetch_window(
    db: Executor,
    query: Select[Any],
    *,
    order_by: tuple[Any, ...],
    into: type[T],
    window: Window,
    tenant_id: str,
) -> Listing[T]:
    """Return the entries of `query` in a window; it names its tenant by the bind "tenant_id"."""
    ordered = query.order_by(*order_by)
    if window.limit is None:
        entries = await db.all(Statement(ordered, into=into), tenant_id=tenant_id)
        return Listing(entries=entries, total=len(entries))
    statement = Statement(ordered.limit(window.limit).offset(window.offset), into=into)
    entries = await db.all(statement, tenant_id=tenant_id)
    if window.offset == 0 and len(entries) < window.limit:
        return Listing(entries=entries, total=len(entries))
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    return Listing(entries=entries, total=int(await db.value(counted, tenant_id=tenant_id)))
