"""Deleting what has expired, a batch at a time.

SQLite deletes in the event loop: an hour's tokens in one statement would hold up every request for
seconds. A batch takes half a millisecond (a grant takes its tokens with it), and others have their
turn between two of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from doorward.storage.statements import Statement

SWEEP_BATCH = 5


def delete_batch(
    table: Table, *conditions: ColumnElement[bool], limit: int = SWEEP_BATCH
) -> Statement[dict[str, Any]]:
    """Return a DELETE of at most `limit` rows that fulfil `conditions`: more than SWEEP_BATCH only
    of small rows with nothing that hangs on them, of which there are many."""
    key = list(table.primary_key.columns)
    batch = select(*key).where(*conditions).limit(limit)
    return Statement(delete(table).where(tuple_(*key).in_(batch)))
