"""The sign-in page: how many bytes, how soon the server sends it, how soon Chromium paints it."""

from __future__ import annotations

import shutil
import statistics
import time

from playwright.sync_api import Browser, sync_playwright

from benchmarks.harness import (
    LOAD_CORE,
    SERVER_CORE,
    BenchmarkError,
    Figure,
    Options,
    on_cores,
)
from benchmarks.workbench import Workbench, workbench
from tests.support.pages import Visitor

PAGES = 50
PAINTS = 10
FIRST_CONTENTFUL_PAINT = (
    "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)[0]"
)
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def measure(options: Options) -> list[Figure]:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise BenchmarkError("this figure needs Chromium: apt-get install chromium")
    with workbench() as bench:
        milliseconds = _server_time(bench)
        # A browser is many processes; the server, on its own core, does next to nothing meanwhile.
        with on_cores(SERVER_CORE, LOAD_CORE), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
            loads = [_load(browser, bench) for _ in range(PAINTS + 1)][1:]
            browser.close()
    return [
        Figure(
            name="sign-in page, all it loads, gzipped",
            value=max(size for size, _ in loads) / 1024,
            target=20.0,
            unit="KB",
            at_least=False,
        ),
        Figure(
            name="sign-in page, server time",
            value=milliseconds,
            target=5.0,
            unit="ms",
            at_least=False,
        ),
        Figure(
            name="sign-in page, first contentful paint",
            value=statistics.median(paint for _, paint in loads),
            target=150.0,
            unit="ms",
            at_least=False,
            detail={"slowest": max(paint for _, paint in loads)},
        ),
    ]


def _server_time(bench: Workbench) -> float:
    """Milliseconds from the request for the page to its last byte, the median of many."""
    with Visitor() as visitor:
        page = visitor.open(bench.bookstore.authorization_url(bench.bookstore.web))
        taken = []
        for _ in range(PAGES):
            started = time.perf_counter()
            visitor.client.get(page.url).raise_for_status()
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def _load(browser: Browser, bench: Workbench) -> tuple[int, float]:
    """Bytes received with nothing cached, and milliseconds until something is painted."""
    context = browser.new_context()
    page = context.new_page()
    sizes: list[int] = []
    page.on(
        "requestfinished",
        lambda request: sizes.append(request.sizes()["responseBodySize"]),
    )
    page.goto(bench.bookstore.authorization_url(bench.bookstore.web), wait_until="networkidle")
    painted: float = page.evaluate(FIRST_CONTENTFUL_PAINT)
    context.close()
    return sum(sizes), painted
