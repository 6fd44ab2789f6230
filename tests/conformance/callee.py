"""A relying party's own server: what the provider posts to it, and what it hands out.

with running_callee() as callee:
    callee.url                          # http://127.0.0.1:..., or https with an authority
    callee.documents["/jwks"] = "{}"    # GET /jwks
    callee.await_post()                 # the form of the next POST
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.conformance.authority import Authority

PATIENCE = 10.0


class Callee:
    """What was posted, and what is there to be fetched."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.documents: dict[str, str] = {}
        self.posts: queue.Queue[dict[str, str]] = queue.Queue()

    def await_post(self) -> dict[str, str]:
        """Return the form of the next POST; queue.Empty if none comes."""
        return self.posts.get(timeout=PATIENCE)


@contextlib.contextmanager
def running_callee(authority: Authority | None = None) -> Iterator[Callee]:
    """Listen on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            callee.posts.put(dict(parse_qsl(body, strict_parsing=True)))
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            text = callee.documents.get(self.path)
            self.send_response(404 if text is None else 200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    callee = Callee(f"http://127.0.0.1:{server.server_port}")
    if authority is not None:
        server.socket = authority.server_context().wrap_socket(server.socket, server_side=True)
        callee = Callee(f"https://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield callee
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
