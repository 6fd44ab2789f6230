"""/api/logs: reading the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import Provide
from litestar.params import Parameter, QueryParameter

from doorward.audit import store
from doorward.audit.tables import AuditLog
from doorward.errors import NotFound, RequestError
from doorward.kit.clock import from_milliseconds, to_milliseconds
from doorward.kit.edge import Edge
from doorward.management.body import JsonObject, View
from doorward.management.paging import PAGE_HEADERS, Paging, paged, provide_paging
from doorward.management.search import is_yes
from doorward.storage import Database

CAP = 10_000
_LAST_MOMENT = 253_402_300_799_000

Moment = Annotated[
    int | None, Parameter(ge=0, le=_LAST_MOMENT, description="Milliseconds since the epoch.")
]


class LogView(View):
    """An entry of the audit log."""

    tenant_id: str
    id: str
    key: str
    payload: JsonObject
    created_at: int


@get(
    "/api/logs",
    tags=["Audit logs"],
    dependencies={"paging": Provide(provide_paging, sync_to_thread=False)},
    response_headers=PAGE_HEADERS,
)
async def list_logs(
    request: Request[Any, Any, Any],
    db: Database,
    edge: Edge,
    paging: Paging,
    user_id: Annotated[str | None, QueryParameter(name="userId")] = None,
    application_id: Annotated[str | None, QueryParameter(name="applicationId")] = None,
    log_key: Annotated[str | None, QueryParameter(name="logKey")] = None,
    start_time: Moment = None,
    end_time: Moment = None,
    enable_cap: Annotated[str | None, QueryParameter(name="enableCap")] = None,
) -> Response[list[LogView]]:
    """List entries of the audit log, newest first."""
    if start_time is not None and end_time is not None and start_time > end_time:
        raise RequestError("log.invalid_time_window")
    listing = await store.list_logs(
        db,
        tenant_id=edge.tenant_id,
        where=store.AuditFilter(
            user_id=user_id,
            application_id=application_id,
            key=log_key,
            after=_moment(start_time),
            before=_moment(end_time),
        ),
        window=paging.window,
        cap=CAP if is_yes(enable_cap) else None,
    )
    return paged(
        [_view(edge.tenant_id, entry) for entry in listing.entries],
        request=request,
        edge=edge,
        paging=paging,
        total=listing.total,
        is_capped=listing.is_capped,
    )


@get("/api/logs/{log_id:str}", tags=["Audit logs"])
async def show_log(log_id: str, db: Database, edge: Edge) -> LogView:
    """Show an entry of the audit log."""
    entry = await store.find_log(db, tenant_id=edge.tenant_id, log_id=log_id)
    if entry is None:
        raise NotFound("logs", log_id)
    return _view(edge.tenant_id, entry)


def _view(tenant_id: str, entry: AuditLog) -> LogView:
    return LogView(
        tenant_id=tenant_id,
        id=entry.id,
        key=entry.key,
        payload=entry.payload,
        created_at=to_milliseconds(entry.created_at),
    )


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)


HANDLERS = (list_logs, show_log)
