"""Who signs when: decided from stored times alone, so that every node promotes a key at the same
instant, and none has to be awake or to write for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from doorward.keys.tables import StoredKey

DEFAULT_SET = "default"


class KeyStatus(StrEnum):
    """Life of a key: published ahead of use, signing, still verifying."""

    NEXT = "Next"
    CURRENT = "Current"
    PREVIOUS = "Previous"


def key_sets(stored: Iterable[StoredKey]) -> dict[str, list[StoredKey]]:
    """Return the keys by set, each in the order in which they sign."""
    sets: dict[str, list[StoredKey]] = {}
    for key in sorted(stored, key=lambda key: (key.active_from, key.created_at)):
        sets.setdefault(key.key_set, []).append(key)
    return sets


def current_of(line: list[StoredKey], *, now: datetime) -> StoredKey:
    """Return the key that signs: the one that took over last. The very first signs even before its
    time, because the clock of the node that made it may be ahead of ours."""
    signing = line[0]
    for key in line:
        if key.active_from <= now:
            signing = key
    return signing


def statuses(stored: Iterable[StoredKey], *, now: datetime) -> dict[str, KeyStatus]:
    """Return the status of each key, by kid."""
    found: dict[str, KeyStatus] = {}
    for line in key_sets(stored).values():
        current = line.index(current_of(line, now=now))
        for position, key in enumerate(line):
            if position == current:
                found[key.id] = KeyStatus.CURRENT
            else:
                found[key.id] = KeyStatus.NEXT if position > current else KeyStatus.PREVIOUS
    return found


def is_published(key: StoredKey, *, now: datetime) -> bool:
    """Tell whether the JWKS shows the key: until no token that it signed can still be valid."""
    return key.retires_at is None or now < key.retires_at


def next_change(stored: Iterable[StoredKey], *, now: datetime) -> datetime | None:
    """Return when a key is promoted or retired next, or None if nothing is planned."""
    moments = (moment for key in stored for moment in (key.active_from, key.retires_at))
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def newest_first(stored: list[StoredKey]) -> list[StoredKey]:
    """Return the keys as people read them: the default set first, the newest of each set first."""
    sets = key_sets(stored)
    names = sorted(sets, key=lambda name: (name != DEFAULT_SET, name))
    return [key for name in names for key in reversed(sets[name])]
