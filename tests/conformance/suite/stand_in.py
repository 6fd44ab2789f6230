"""The suite, played: the addresses where it waits, and its browser, which follows a configuration.

with running_stand_in() as suite:
    suite.url                                   # https, with a certificate that proves nothing
    browser = ScriptedBrowser(context.new_page(), configuration, module="oidcc-server")
    browser.visit(f"{endpoint}/oidc/auth?...")
    suite.take("callback")                      # what arrived there
"""

from __future__ import annotations

import contextlib
import queue
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Locator, Page

from tests.support.certificates import self_signed_context

PATIENCE = 10.0
COMPLETE = b'<!doctype html><title>Suite</title><p id="submission_complete">Done</p>'


class StandIn:
    """Waits where the suite waits. A fragment never arrives: see `ScriptedBrowser.fragment`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._arrived: defaultdict[str, queue.Queue[dict[str, str]]] = defaultdict(queue.Queue)

    def note(self, target: str, body: str) -> None:
        """Keep the parameters of a request."""
        parts = urlsplit(target)
        name = parts.path.rpartition("/")[2]
        self._arrived[name].put(dict(parse_qsl(parts.query) + parse_qsl(body)))

    def take(self, name: str) -> dict[str, str]:
        """Return the parameters of the next request to `.../name`; queue.Empty if none comes."""
        return self._arrived[name].get(timeout=PATIENCE)


@contextlib.contextmanager
def running_stand_in() -> Iterator[StandIn]:
    """Listen on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            suite.note(self.path, self.rfile.read(length).decode())
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(COMPLETE)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # The certificate of a suite in Docker bears the name of the container it was built in.
    context = self_signed_context("2cf3c1fa6249")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    suite = StandIn(f"https://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield suite
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class ScriptedBrowser:
    """Does with a page what the suite's browser does for one module."""

    def __init__(self, page: Page, configuration: Mapping[str, Any], *, module: str = "") -> None:
        self._page = page
        changed = configuration["override"].get(module, {})
        self.configuration = {**configuration, **changed}
        self.screenshots = 0

    @property
    def fragment(self) -> dict[str, str]:
        """What the browser keeps to itself of the address it has reached."""
        return dict(parse_qsl(urlsplit(self._page.url).fragment))

    def visit(self, url: str) -> None:
        """Open an address and walk the tasks of the first entry that fits it."""
        entry = next(e for e in self.configuration["browser"] if _fits(e["match"], url))
        self._page.goto(url)
        for task in entry["tasks"]:
            if _fits(task["match"], self._page.url):
                for command in task.get("commands", []):
                    self._run(*command)
            else:
                assert task.get("optional"), f"{task['task']}: {self._page.url}\n{self.text}"

    @property
    def text(self) -> str:
        return self._page.inner_text("html")

    def _run(self, command: str, kind: str, target: str, *more: Any) -> None:
        found = self._page.locator(_selector(kind, target)).first
        if command == "wait":
            self._wait(found, *more)
        elif found.count() == 0:
            assert "optional" in more[-1:], f"no {target}: {self._page.url}\n{self.text}"
        elif command == "text":
            found.fill(more[0])
        else:
            assert command == "click"
            found.click()
            self._page.wait_for_load_state()

    def _wait(self, found: Locator, seconds: int, words: str = "", picture: str = "") -> None:
        found.wait_for(state="attached", timeout=seconds * 1000)
        assert re.search(words, found.inner_text()), f"no {words}: {self._page.url}\n{self.text}"
        assert picture in {"", "update-image-placeholder", "update-image-placeholder-optional"}
        self.screenshots += bool(picture)


def _fits(pattern: str, url: str) -> bool:
    """Whether a pattern, in which a star is any text, is that of an address."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), url) is not None


def _selector(kind: str, target: str) -> str:
    return {
        "id": f"#{target}",
        "name": f"[name='{target}']",
        "css": f"css={target}",
        "xpath": f"xpath={target}",
    }[kind]
