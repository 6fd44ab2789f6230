"""The throw-away cluster: the tests' own ground is tested too."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.postgres import PostgresError, shared_cluster

ROOT = Path(__file__).parents[2]


class TestSharedCluster:
    def test_is_one_for_the_whole_run(self) -> None:
        """Asking twice gives the same cluster."""
        first, second = shared_cluster(), shared_cluster()

        assert first == second

    def test_copies_a_database_with_what_is_in_it(self) -> None:
        """A database made from a template holds the template's rows."""
        cluster = shared_cluster()
        cluster.create_database("fakes_template")
        cluster.execute("CREATE TABLE book AS SELECT 1 AS id", database="fakes_template")

        cluster.create_database("fakes_copy", template="fakes_template")

        assert cluster.execute("SELECT id FROM book", database="fakes_copy") == "1"
        cluster.drop_database("fakes_copy")
        cluster.drop_database("fakes_template")
        with pytest.raises(PostgresError, match="does not exist"):
            cluster.execute("SELECT 1", database="fakes_copy")

    def test_ends_with_the_run_even_when_the_run_is_killed(self) -> None:
        """A run that dies without a word leaves no server and no folder behind."""
        run = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from tests.support.postgres import shared_cluster; import time\n"
                "print(shared_cluster().directory, flush=True); time.sleep(60)",
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin"},
        )
        with run:
            assert run.stdout is not None
            directory = Path(run.stdout.readline().strip())
            assert (directory / "data" / "postmaster.pid").exists()

            run.kill()

        deadline = time.monotonic() + 15
        while directory.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not directory.exists()
