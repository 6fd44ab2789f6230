"""Chromium through Playwright: pages of any size and theme, axe-core, screenshots, fake hosts."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",  # tests may run as root; only pages of this machine are opened
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
AXE = Path(__file__).parents[1] / "clients/node/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TIMEOUT = 10_000


@contextlib.contextmanager
def chromium(*, hosts: Mapping[str, int] | None = None) -> Iterator[Browser]:
    """Run the system's Chromium, headless, until the block ends.

    `hosts` are other companies' hosts that fakes stand in for: `{"discord.com": port}` makes
    https://discord.com lead to that port of this machine. Any other host is not found.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is missing; on Debian: apt install chromium"
    mapped = [f"MAP {host}:443 127.0.0.1:{port}" for host, port in (hosts or {}).items()]
    rules = [*mapped, "MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1"]
    arguments = [*ARGUMENTS, f"--host-resolver-rules={','.join(rules)}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@contextlib.contextmanager
def fresh_context(
    browser: Browser, *, size: str = "wide", scheme: str = "light", **options: Any
) -> Iterator[BrowserContext]:
    """Give a browser profile of its own: no cookies, one window size, light or dark."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="en-US",
        reduced_motion="reduce",
        ignore_https_errors=True,  # fakes sign their own certificates
        **options,
    )
    context.set_default_timeout(TIMEOUT)
    yield context
    context.close()


def check_accessibility(page: Page) -> None:
    """Fail unless axe-core finds nothing against WCAG 2.2 AA on the page as it stands."""
    # Evaluated through the debugger, so that the page's own content security policy stays strict.
    page.evaluate(AXE.read_text())
    result = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    found = [
        f"{violation['id']} ({violation['help']}): {node['html']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
    assert not found, f"{page.url}\n" + "\n".join(found)


def take_screenshots(page: Page, directory: Path, name: str) -> list[Path]:
    """Save the page, whole, at each size and in light and dark; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    paths = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            paths.append(directory / f"{name}-{size}-{scheme}.png")
            page.screenshot(path=paths[-1], full_page=True)
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)
    return paths


class ConsoleErrors:
    """Collects what a page complains of: script errors, refused resources, broken policies."""

    def __init__(self, *contexts: BrowserContext) -> None:
        self.messages: list[str] = []
        for context in contexts:
            context.on("console", self._note)
            context.on("weberror", self._note_exception)

    def _note_exception(self, thrown: Any) -> None:
        self.messages.append(f"{thrown.page.url if thrown.page else ''}: {thrown.error}")

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.messages.append(f"{message.location.get('url', '')}: {message.text}")
