"""Writing and reading audit entries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, select

from doorward.audit.tables import AuditLog, audit_logs
from doorward.kit.edge import Edge
from doorward.kit.ids import new_ordered_id, time_prefix
from doorward.storage import Database, Executor, Statement, Transaction, insert_statement
from doorward.storage.listing import Listing, Window, fetch_window

_t = audit_logs.c
_LOG = (_t.id, _t.key, _t.payload, _t.created_at)
_INSERT = insert_statement(audit_logs)
_FIND = Statement(
    select(*_LOG).where(_t.tenant_id == bindparam("tenant_id"), _t.id == bindparam("log_id_")),
    into=AuditLog,
)
# Kept in the same table, but not part of the log that administrators read.
_HIDDEN_PREFIXES = ("TriggerHook", "TrustedDevice")
_TICK = timedelta(milliseconds=1)


def _client_member(client_id: str | None) -> str:
    """Return the member that names a client: one with a document has no application."""
    is_document = client_id is not None and client_id.startswith("https://")
    return "cimdClientId" if is_document else "applicationId"


async def record(
    tx: Transaction,
    *,
    tenant_id: str,
    key: str,
    edge: Edge | None,
    at: datetime,
    result: str = "Success",
    user_id: str | None = None,
    application_id: str | None = None,
    session_id: str | None = None,
    error: dict[str, Any] | None = None,
    params: dict[str, Any] | None = None,
) -> None:
    """Write one entry; `key` is one of the reference's, `params` must hold no secret."""
    payload: dict[str, Any] = {"key": key, "result": result}
    if edge is not None:
        payload["ip"] = edge.client_ip
        payload["userAgent"] = edge.user_agent
    for name, value in (
        ("userId", user_id),
        (_client_member(application_id), application_id),
        ("sessionId", session_id),
        ("error", error),
        ("params", params),
    ):
        if value is not None:
            payload[name] = value
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=new_ordered_id(at),
        key=key,
        payload=payload,
        created_at=at,
    )


class AuditFilter(msgspec.Struct, frozen=True):
    """What a list of entries is narrowed to; an empty field narrows nothing."""

    user_id: str | None = None
    application_id: str | None = None
    key: str | None = None
    after: datetime | None = None
    before: datetime | None = None


async def find_log(db: Executor, *, tenant_id: str, log_id: str) -> AuditLog | None:
    """Return the entry with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, log_id_=log_id)


async def list_logs(
    db: Database, *, tenant_id: str, where: AuditFilter, window: Window, cap: int | None
) -> Listing[AuditLog]:
    """Return a window of the entries, newest first; beyond `cap` they are not counted."""
    query = select(*_LOG).where(_t.tenant_id == bindparam("tenant_id"))
    for prefix in _HIDDEN_PREFIXES:
        query = query.where(~_t.key.startswith(prefix, autoescape=True))
    if where.key is not None:
        query = query.where(_t.key == where.key)
    # Ids begin with the time, so a span of time is a span of the primary key.
    if where.after is not None:
        query = query.where(_t.id >= time_prefix(where.after))
    if where.before is not None:
        query = query.where(_t.id < time_prefix(where.before + _TICK))
    for member, value in (("userId", where.user_id), ("applicationId", where.application_id)):
        if value is not None:
            query = query.where(_member(member, db) == value)
    return await fetch_window(
        db,
        query,
        order_by=(_t.id.desc(),),
        into=AuditLog,
        window=window,
        tenant_id=tenant_id,
        cap=cap,
    )


def _member(name: str, db: Database) -> ColumnElement[Any]:
    if db.dialect_name == "sqlite":
        return func.json_extract(_t.payload, f"$.{name}")
    return func.jsonb_extract_path_text(_t.payload, name)
