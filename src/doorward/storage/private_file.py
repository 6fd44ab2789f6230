"""The file of an SQLite database, for its owner alone."""

from __future__ import annotations

from pathlib import Path


def make_private(path: Path) -> None:
    """Make a file with mode 0600 if it is not there: its folder may be one that others look into.

    SQLite gives its journals the mode of the file.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
