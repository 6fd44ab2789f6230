"""Long files are pointed out, not refused."""

from tests.lints.conftest import Found
from tools.lints import length


class TestLength:
    def test_points_out_a_file_over_500_lines(self, found: Found) -> None:
        assert found(length, "src/doorward/x.py", "x\n" * 501) == [(1, "501 lines")]
        assert found(length, "src/doorward/x.py", "x\n" * 500) == []

    def test_looks_at_code_only(self, found: Found) -> None:
        assert found(length, "docs/reference/settings.md", "x\n" * 900) == []
