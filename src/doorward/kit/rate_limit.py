"""How often something may happen in this process, for each key apart.

A counter for each window of time, in memory: it is there to keep strangers from making the server
work, not to keep count. What must hold across nodes is counted in the database (slice `security`).
"""

from __future__ import annotations

from datetime import timedelta


class RateLimit:
    """At most `limit` events for each key in each `window`.

    `max_keys` bounds the memory: beyond it the key that began its window first is forgotten.
    """

    def __init__(self, limit: int, *, window: timedelta, max_keys: int = 10_000) -> None:
        self._limit = limit
        self._window = window.total_seconds()
        self._max_keys = max_keys
        self._counts: dict[str, tuple[float, int]] = {}

    def take(self, key: str, *, now: float, cost: int = 1) -> float:
        """Count an event, or so many; return 0.0 if it may happen, else the seconds until one may
        again."""
        began, count = self._counts.get(key, (now, 0))
        if not 0 <= now - began < self._window:
            began, count = now, 0
            self._counts.pop(key, None)
        if count + cost > self._limit:
            return began + self._window - now
        if key not in self._counts and len(self._counts) >= self._max_keys:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = (began, count + cost)
        return 0.0
