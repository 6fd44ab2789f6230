"""What the server writes is for its own user alone."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.support.server import running_server


def test_other_users_of_the_machine_cannot_look_into_the_data_folder(tmp_path: Path) -> None:
    """The folder that a first start makes, with the database and the master key, has mode 0700."""
    with running_server(tmp_path) as server:
        folder = server.directory / "data"

        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600


def test_nor_into_the_database_in_a_folder_that_was_there(tmp_path: Path) -> None:
    """The file and its journals have mode 0600, whatever the folder has."""
    (tmp_path / "data").mkdir(mode=0o755)

    with running_server(tmp_path) as server:
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (server.directory / "data").glob("doorward.sqlite*")
        }

    assert modes == {
        "doorward.sqlite": 0o600,
        "doorward.sqlite-shm": 0o600,
        "doorward.sqlite-wal": 0o600,
    }
