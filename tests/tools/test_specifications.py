"""The page of specifications reads what tests cite, and notices a section without a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reference import specifications
from tools.reference.specifications import Citation, find_sections, list_citations, list_unproven


class TestFindSections:
    @pytest.mark.parametrize(
        ("text", "sections"),
        [
            ("RFC 6749 section 4.1.2: a code works once.", ["4.1.2"]),
            ("RFC 6749 section 4.1.2.", ["4.1.2"]),
            ("RFC 6749 sections 3.1, 3.2 and 5.2", ["3.1", "3.2", "5.2"]),
            ("RFC 6749 sections 4.1.2 to 4.1.4", ["4.1.2", "4.1.3", "4.1.4"]),
            ("RFC 6749 sections 3 to 5", ["3", "4", "5"]),
            ("RFC 6749 appendix A.4", ["A.4"]),
            ("RFC 6749\n        section 5.2", ["5.2"]),
            ("# RFC 6749\n        # section 5.2", ["5.2"]),
            ("RFC 6749 section 5.2 and 401 as ever", ["5.2"]),
            ("RFC 6749: no section", []),
            ("RFC 9999 section 1", []),
        ],
    )
    def test_reads_what_a_text_cites(self, text: str, sections: list[str]) -> None:
        assert find_sections(text) == [("RFC 6749", section) for section in sections]


class TestCitations:
    def test_docstrings_and_comments_of_tests_and_docstrings_of_classes_count(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "test_code.py").write_text(
            '"""RFC 6749 section 1, which no single test proves."""\n'
            "class TestCode:\n"
            '    """RFC 6749 section 2."""\n'
            "    def test_once(self):\n"
            '        """RFC 6749 section 3."""\n'
            "        # RFC 6749 section 4.\n"
            "        assert True\n"
            "    def helper(self):\n"
            '        """RFC 6749 section 5."""\n'
            "async def test_alone():\n"
            '    """RFC 6749 section 6."""\n'
        )

        assert list(list_citations(tmp_path)) == [
            Citation("RFC 6749", "2", "test_code.py", "TestCode"),
            Citation("RFC 6749", "3", "test_code.py", "TestCode.test_once"),
            Citation("RFC 6749", "4", "test_code.py", "TestCode.test_once"),
            Citation("RFC 6749", "6", "test_code.py", "test_alone"),
        ]


class TestEverySection:
    def test_that_obliges_a_server_has_a_test(self) -> None:
        assert list_unproven() == []

    def test_one_without_a_test_would_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(specifications.SECTIONS, "RFC 6749", ("99.9",))

        assert list_unproven() == ["RFC 6749 section 99.9"]
