"""How often SQLite's log is copied into the file."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from doorward.storage.checkpoints import Checkpoints, next_pause
from doorward.storage.sqlite import connect

WAIT = 5.0


@pytest.mark.parametrize(
    ("pages_a_second", "expected"),
    [(0, 0.1), (100, 0.1), (1_200, 0.1), (4_000, 0.03), (8_000, 0.015), (100_000, 0.01)],
)
def test_pace(pages_a_second: int, expected: float) -> None:
    """About as many pages at a time, however many are written."""
    pause = 0.05
    for _ in range(30):
        pause = next_pause(pause, pages=round(pages_a_second * pause))

    assert pause == pytest.approx(expected, rel=0.1)


def test_a_log_that_begins_anew(tmp_path: Path) -> None:
    """What is committed gets into the file, also when others write in between and after the log
    was begun anew."""
    path = tmp_path / "doorward.sqlite"
    writer = connect(path)
    writer.execute("CREATE TABLE things (content BLOB)")
    checkpoints = Checkpoints(connect(path))
    try:
        for round_ in range(1, 5):
            writer.execute("INSERT INTO things VALUES (randomblob(400000))")
            checkpoints.note_commit()
            deadline = time.monotonic() + WAIT
            while path.stat().st_size < 400_000 * round_ and time.monotonic() < deadline:
                time.sleep(0.01)
            assert path.stat().st_size >= 400_000 * round_
            writer.execute("PRAGMA wal_checkpoint(RESTART)")
    finally:
        checkpoints.close()
        writer.close()
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT count(*) FROM things").fetchone() == (4,)
    reader.close()
