"""Somebody else's web server, on loopback, for what the server fetches from clients.

    with document_host() as host:
        host.serve("/client", {"client_id": ...})       JSON, or bytes, with any status and headers
        host.asked                                      the paths that were asked for

A test gives the application `DOORWARD_DEV_HOST_OVERRIDES` that lead `https://client.example` here;
the guard on addresses stays on for every other host.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "client.example"


@dataclass(frozen=True)
class Answer:
    """What is at a path."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class DocumentHost:
    """A web server with documents; `asked` are the paths, in order."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def serve(
        self,
        path: str,
        content: Any,
        *,
        status: int = 200,
        delay: float = 0.0,
        content_type: str = "application/json",
        **headers: str,
    ) -> str:
        """Put something at a path and return its public URL."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Answer(body, status, {"content-type": content_type} | named, delay)
        return f"https://{NAME}{path}"

    def serve_client(self, path: str = "/client", *, remove: str = "", **members: Any) -> str:
        """Put an ordinary client id metadata document at a path; return the client id."""
        client_id = f"https://{NAME}{path}"
        document = {
            "client_id": client_id,
            "client_name": "An Example Client",
            "redirect_uris": [f"https://{NAME}/callback"],
            "token_endpoint_auth_method": "none",
        } | members
        document.pop(remove, None)
        return self.serve(path, document)


@contextlib.contextmanager
def document_host() -> Iterator[DocumentHost]:
    """Run the server for the length of a test."""
    host = DocumentHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host.asked.append(self.path)
            answer = host.answers.get(self.path, Answer(b"not here", status=404))
            time.sleep(answer.delay)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(answer.body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
