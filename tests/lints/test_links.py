"""Links lead somewhere."""

from __future__ import annotations

from pathlib import Path

from tools.lints import links
from tools.lints.source import Source


class TestLinks:
    def test_finds_a_link_to_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs/there.md").touch()
        text = (
            "[a](there.md) [b](../docs/there.md#part) [c](https://example.com/x) [d](#part)\n"
            "![e](pictures/gone.png) and [f](gone.md)\n"
        )

        found = links.check(Source("docs/page.md", text), root=tmp_path)

        assert [(finding.line, finding.message) for finding in found] == [
            (2, "pictures/gone.png does not exist"),
            (2, "gone.md does not exist"),
        ]

    def test_reads_pages_only(self, tmp_path: Path) -> None:
        text = "values[x](missing)"

        assert list(links.check(Source("src/doorward/x.py", text), root=tmp_path)) == []
