"""Moving what is committed from SQLite's write-ahead log into the database file.

SQLite does that in the commit that fills the log, and everybody waits: 10 ms for a thousand pages,
several times a second while rows at random places are written or swept. Here a thread copies pages
all the time, which holds up neither readers nor writers (PASSIVE); only the disk and the processor
are shared, so it copies a few at a time, sooner the more are written. The commit that finds
LOG_PAGES in the log still finishes it, for only while nobody commits can SQLite begin the log anew;
but then little is left to copy.
"""

from __future__ import annotations

import logging
import sqlite3
import threading

from doorward.kit.priority import lower_priority

log = logging.getLogger(__name__)

LOG_PAGES = 4000
"""Of 4 KiB each."""
_PAGES_AT_A_TIME = 120
"""Measured while a crowd is swept: with a pause of 100 ms, 800 pages came together and commits
waited up to 10 ms for them."""
_PAUSES = (0.01, 0.1)
"""Seconds, at least and at most."""
_NICENESS = 5


class Checkpoints:
    """The thread, and the connection that it has for itself. `close` ends both."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._has_work = threading.Event()
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sqlite-checkpoint", daemon=True)
        self._thread.start()

    def note_commit(self) -> None:
        """Say that there is something new in the log."""
        self._has_work.set()

    def close(self) -> None:
        """End the thread. The last connection that is closed copies what is left."""
        self._is_closing.set()
        self._has_work.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        lower_priority(_NICENESS)
        pause, copied_before = _PAUSES[1], 0
        while not self._is_closing.is_set():
            self._has_work.wait()
            self._has_work.clear()
            self._is_closing.wait(pause)
            try:
                _, _, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error as error:
                log.warning("checkpoint failed, will try again", extra={"reason": str(error)})
                continue
            if copied < 0:
                # A commit was just finishing the log.
                continue
            # Counted from the beginning of the log, which may have begun anew.
            pages = copied - copied_before if copied >= copied_before else copied
            pause, copied_before = next_pause(pause, pages=pages), copied


def next_pause(pause: float, *, pages: int) -> float:
    """Return how many seconds to wait after a pause in which so many pages were written; it grows
    slowly, for a log that has just begun says little."""
    least, most = _PAUSES
    return min(most, max(least, pause * min(1.25, _PAGES_AT_A_TIME / max(1, pages))))
