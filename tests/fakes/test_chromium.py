"""The browser that the tests drive."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.chromium import check_accessibility, take_screenshots

pytestmark = pytest.mark.browser


class TestChromium:
    def test_checks_accessibility(self, page: Page) -> None:
        """A picture without words is found; the same with words is fine."""
        head = "<html lang=en><title>t</title><main><h1>Books</h1>"
        page.set_content(f"{head}<img src='data:,' alt='A book'>")
        check_accessibility(page)

        page.set_content(f"{head}<img src='data:,'>")
        with pytest.raises(AssertionError, match="image-alt"):
            check_accessibility(page)

    def test_takes_screenshots_of_each_size_and_theme(self, page: Page, tmp_path: Path) -> None:
        page.set_content("<html lang=en><title>t</title><h1>Books</h1>")

        paths = take_screenshots(page, tmp_path, "books")

        assert [path.name for path in paths] == [
            "books-wide-light.png",
            "books-wide-dark.png",
            "books-phone-light.png",
            "books-phone-dark.png",
        ]
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
