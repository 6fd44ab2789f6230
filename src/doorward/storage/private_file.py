"""The file of an SQLite database, for its owner alone."""

from __future__ import annotations

from pathlib import Path

from doorward.errors import ConfigurationError


def make_private(path: Path) -> None:
    """Make a file with mode 0600 if it is not there: its folder may be one that others look into.

    SQLite gives its journals the mode of the file.

    Raises:
        ConfigurationError: what should be the folder is a file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ConfigurationError(f"{path.parent} is not a folder") from error
    path.touch(mode=0o600)
