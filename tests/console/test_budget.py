"""A console page weighs at most 60 KB, gzipped: HTML, style sheet, scripts and pictures."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest

from tests.support.pages import Page

BUDGET = 60 * 1024
FILE = re.compile(r"(?:src|href)=\"(/static/[^\"#]+)")


@pytest.mark.parametrize(
    "path",
    [
        "/get-started",
        "/applications",
        "/applications/gallery",
        "/applications/new/flask",
        "/connectors/social/gallery",
        "/connectors/social/new/discord-universal",
        "/sign-in-experience/branding",
        "/sign-in-experience/sign-up-and-sign-in",
        "/users",
        "/roles",
    ],
)
def test_weight(console: Callable[[str], Page], path: str) -> None:
    """A first visit with nothing in the cache."""
    page = console(path)

    files = set(FILE.findall(page.response.text))
    bodies = [page.visitor.client.get(urljoin(page.url, file)).content for file in files]
    weight = sum(len(gzip.compress(body)) for body in [page.response.content, *bodies])

    assert page.status == 200
    assert len(files) >= 5
    assert weight <= BUDGET, f"{weight} bytes"
