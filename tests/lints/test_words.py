"""The repository speaks of the product alone."""

import pytest

from tests.lints.conftest import Found
from tools.lints import words


class TestWords:
    @pytest.mark.parametrize(
        "text",
        [
            "see /" + "work/main/x",
            "open('/" + "root/.cache')",
            "/home/ada/doorward",
            "https://registry." + "npmjs.org/x",
            "# TODO: later",
            "raise NotImplementedError",
            "Coming soon",
        ],
    )
    def test_finds_what_does_not_belong(self, found: Found, text: str) -> None:
        assert [line for line, _ in found(words, "docs/how-to/x.md", f"fine\n{text}\n")] == [2]

    @pytest.mark.parametrize(
        "text",
        [
            "https://example.com/work/",
            "src/work/x.py",
            "https://pypi.org/project/doorward/",
            "a todo list",
            "$HOME/.config",
        ],
    )
    def test_leaves_the_rest_alone(self, found: Found, text: str) -> None:
        assert found(words, "docs/how-to/x.md", text) == []
