"""/api/dashboard: how many users there are, and how many are new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from litestar import get

from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.management.body import View
from doorward.storage import Database
from doorward.users import store

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class TotalUsers(View):
    """How many users there are."""

    total_user_count: int


class Growth(View):
    """A number, and how much more it is than in the span of time before."""

    count: int
    delta: int


class NewUsers(View):
    """New users of today and of the last seven days; days are those of UTC."""

    today: Growth
    last7_days: Growth


@get("/api/dashboard/users/total", tags=["Dashboard"])
async def show_total_users(db: Database, edge: Edge) -> TotalUsers:
    """Count the users."""
    return TotalUsers(total_user_count=await store.count_users(db, tenant_id=edge.tenant_id))


@get("/api/dashboard/users/new", tags=["Dashboard"])
async def show_new_users(db: Database, edge: Edge, clock: Clock) -> NewUsers:
    """Count the new users of today and of the last seven days."""
    now = clock.now()
    tomorrow = datetime(now.year, now.month, now.day, tzinfo=UTC) + _DAY
    return NewUsers(
        today=await _growth(db, edge.tenant_id, until=tomorrow, span=_DAY),
        last7_days=await _growth(db, edge.tenant_id, until=tomorrow, span=_WEEK),
    )


async def _growth(db: Database, tenant_id: str, *, until: datetime, span: timedelta) -> Growth:
    since = until - span
    count = await store.count_new_users(db, tenant_id=tenant_id, since=since, until=until)
    before = await store.count_new_users(db, tenant_id=tenant_id, since=since - span, until=since)
    return Growth(count=count, delta=count - before)


DASHBOARD_HANDLERS = (show_total_users, show_new_users)
