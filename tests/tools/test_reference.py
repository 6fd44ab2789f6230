"""docs/reference says what the code says, and the check notices when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reference.__main__ import main


class TestReference:
    def test_writes_what_is_missing_and_then_finds_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([], folder=tmp_path) == 0
        capsys.readouterr()

        assert main(["--check"], folder=tmp_path) == 0
        assert capsys.readouterr().out == ""

    def test_the_check_names_a_page_that_is_out_of_date(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main([], folder=tmp_path)
        (tmp_path / "settings.md").write_text("# Settings\n")
        capsys.readouterr()

        assert main(["--check"], folder=tmp_path) == 1
        assert capsys.readouterr().out == (
            "docs/reference/settings.md is out of date: run make docs\n"
        )
        assert (tmp_path / "settings.md").read_text() == "# Settings\n"

    def test_lists_every_setting_that_others_rely_on(self, tmp_path: Path) -> None:
        main([], folder=tmp_path)

        page = (tmp_path / "settings.md").read_text()
        for name in (
            "DATABASE_URL",
            "DATA_DIR",
            "HOST",
            "PORT",
            "ADMIN_PORT",
            "ENDPOINT",
            "ADMIN_ENDPOINT",
            "WORKERS",
        ):
            assert f"| `DOORWARD_{name}` |" in page

    def test_tells_the_same_in_every_run(self, tmp_path: Path) -> None:
        """Nothing of one process, such as an address in memory, gets into a page."""
        main([], folder=tmp_path)

        assert not [page.name for page in tmp_path.iterdir() if " at 0x" in page.read_text()]
