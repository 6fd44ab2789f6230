"""The clock, injected wherever time matters so that tests can turn it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable


@runtime_checkable  # Litestar checks what it hands to handlers
class Clock(Protocol):
    """Tells the present moment."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""

    def seconds(self) -> int:
        """Return whole seconds since the epoch (NumericDate of RFC 7519)."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> int:
        return int(time.time())


class ShiftedClock:
    """The machine's clock moved by `offset`; tests advance it, production never builds one."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def seconds(self) -> int:
        return int(time.time() + self.offset.total_seconds())


def to_milliseconds(moment: datetime) -> int:
    """Return milliseconds since the epoch, the unit of every time on the wire."""
    return round(moment.timestamp() * 1000)


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the aware UTC datetime of `milliseconds` since the epoch."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
