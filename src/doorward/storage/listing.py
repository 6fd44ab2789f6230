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
    is_capped: bool = False


async def fetch_window(
    db: Executor,
    query: Select[Any],
    *,
    order_by: tuple[Any, ...],
    into: type[T],
    window: Window,
    tenant_id: str,
    cap: int | None = None,
) -> Listing[T]:
    """Return the entries of `query` in a window; it names its tenant by the bind "tenant_id".

    With a `cap`, nothing beyond it is counted: the total of a log of millions costs no scan.
    """
    ordered = query.order_by(*order_by)
    if window.limit is None:
        entries = await db.all(Statement(ordered, into=into), tenant_id=tenant_id)
        return Listing(entries=entries, total=len(entries))
    statement = Statement(ordered.limit(window.limit).offset(window.offset), into=into)
    entries = await db.all(statement, tenant_id=tenant_id)
    if window.offset == 0 and len(entries) < window.limit:
        return Listing(entries=entries, total=len(entries))
    matches = query.order_by(None)
    if cap is not None:
        matches = matches.limit(cap + 1)
    counted = select(func.count()).select_from(matches.subquery())
    total = int(await db.value(counted, tenant_id=tenant_id))
    if cap is not None and total > cap:
        return Listing(entries=entries, total=cap, is_capped=True)
    return Listing(entries=entries, total=total)
