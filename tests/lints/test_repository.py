"""The runner reads what git would hold and fails when a rule is broken."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.lints.__main__ import main
from tools.lints.source import repository_sources


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    store = tmp_path / "src/doorward/users/store.py"
    store.parent.mkdir(parents=True)
    store.write_text("async def find(db):\n    return await db.one(FIND)\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff\xfe")
    (tmp_path / ".gitignore").write_text("secret.txt\n")
    (tmp_path / "secret.txt").write_text("not for git\n")
    return tmp_path


class TestRepository:
    def test_reads_the_texts_that_git_would_hold(self, repository: Path) -> None:
        """Pictures and ignored files are left out, files not yet added are not."""
        paths = [source.path for source in repository_sources(repository)]

        assert paths == [".gitignore", "src/doorward/users/store.py"]

    def test_a_broken_rule_fails_the_run(
        self, repository: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = main(repository)

        assert code == 1
        assert capsys.readouterr().out.splitlines() == [
            "src/doorward/users/store.py:1: tenant-scope: "
            "find runs a statement but has no keyword-only tenant_id",
            "1 broken house rules in 2 files",
        ]
