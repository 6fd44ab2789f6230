"""Moving what is committed from SQLite's write-ahead log into the database file.

SQLite does that in the commit that fills the log, and everybody waits: 10 ms for a thousand pages,
several times a second while rows at random places are written or swept. Here a thread copies pages
all the time, which holds up neither readers nor writers (PASSIVE). A commit has to finish the log
once in a while, for only without new commits can SQLite begin it anew; then little is left to copy.
"""

from __future__ import annotations

import logging
import sqlite3
import threading

from doorward.kit.priority import lower_priority

log = logging.getLogger(__name__)

_PAUSE = 0.1
_NICENESS = 5
_FULL = 4000
"""Pages in the log, of 4 KiB, from which on a commit finishes it."""


class Checkpoints:
    """The thread, and the connection that it has for itself. `close` ends both."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.is_log_full = False
        self._connection = connection
        self._has_work = threading.Event()
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sqlite-checkpoint", daemon=True)
        self._thread.start()

    def note_commit(self) -> None:
        """Say that there is something new in the log."""
        self._has_work.set()

    def finish_log(self, writer: sqlite3.Connection) -> None:
        """Copy what is left. `writer` belongs to whoever keeps others from committing meanwhile.

        The thread may just be at it; then the next commit finishes the log.
        """
        try:
            _, is_whole = _checkpoint(writer)
        except sqlite3.Error as error:
            # What was committed stays so.
            log.warning("checkpoint failed, will try again", extra={"reason": str(error)})
        else:
            self.is_log_full = not is_whole

    def close(self) -> None:
        """End the thread. The last connection that is closed copies what is left."""
        self._is_closing.set()
        self._has_work.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        lower_priority(_NICENESS)
        while not self._is_closing.is_set():
            self._has_work.wait()
            self._has_work.clear()
            self._is_closing.wait(_PAUSE)
            try:
                pages, _ = _checkpoint(self._connection)
            except sqlite3.Error as error:
                log.warning("checkpoint failed, will try again", extra={"reason": str(error)})
                continue
            self.is_log_full = pages > _FULL


def _checkpoint(connection: sqlite3.Connection) -> tuple[int, bool]:
    """Copy what was in the log at the start; return how many pages that were, and whether all of
    them are in the file. Others may have committed meanwhile."""
    is_busy, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return pages, not is_busy and pages == copied
