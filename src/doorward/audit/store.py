"""Writing and reading audit entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doorward.audit.tables import audit_logs
from doorward.kit.clock import to_milliseconds
from doorward.kit.edge import Edge
from doorward.kit.ids import new_id
from doorward.storage import Transaction, insert_statement

_INSERT = insert_statement(audit_logs)
_TIME_LENGTH = 9
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


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
        ("applicationId", application_id),
        ("sessionId", session_id),
        ("error", error),
        ("params", params),
    ):
        if value is not None:
            payload[name] = value
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=_ordered_id(at),
        key=key,
        payload=payload,
        created_at=at,
    )


def _ordered_id(at: datetime) -> str:
    """Return a 21-character id whose first 9 are the time, so that ids sort as events happened."""
    number = to_milliseconds(at)
    digits = [""] * _TIME_LENGTH
    for position in range(_TIME_LENGTH - 1, -1, -1):
        number, digit = divmod(number, 36)
        digits[position] = _DIGITS[digit]
    return "".join(digits) + new_id(12)
