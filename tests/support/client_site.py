"""The web server of somebody who registered a client: documents that Doorward fetches.

with running_site() as site:
    site.pages["/jwks"] = Page.json({"keys": [...]})
    site.asked            # the paths that were asked for, in order
    site.forms            # what was posted, in order
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Page:
    """One answer. `delay` in seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    @classmethod
    def json(cls, value: Any, **more: Any) -> Page:
        return cls(json.dumps(value).encode(), headers={"content-type": "application/json"}, **more)


@dataclass
class ClientSite:
    """What it serves, and what it was asked for."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    fallback: Page = field(default_factory=lambda: Page(status=404))
    delays: dict[str, float] = field(default_factory=dict)


@contextlib.contextmanager
def running_site() -> Iterator[ClientSite]:
    """Serve on a free port of loopback."""
    site = ClientSite()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            site.asked.append(self.path)
            if self.command == "POST":
                site.forms.append(dict(parse_qsl(body.decode())))
            page = site.pages.get(self.path, site.fallback)
            time.sleep(site.delays.get(urlsplit(self.path).path, page.delay))
            with contextlib.suppress(OSError):
                self.send_response(page.status)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(page.body)))
                self.end_headers()
                self.wfile.write(page.body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
