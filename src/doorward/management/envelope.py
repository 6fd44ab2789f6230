"""What every answer under /api carries: the request id, security headers, and an ETag on GET.

Plain ASGI around the whole application, so that a path that does not exist is wrapped as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from doorward.kit.edge import Edge, find_header

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_SECURITY: Headers = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
# A client may keep an answer, but asks each time whether it still holds.
_REVALIDATE = (b"cache-control", b"private, no-cache")


class Envelope:
    """Wraps the answers to paths under /api; other paths pass untouched."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_api_path(scope["path"]):
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        await self._app(scope, receive, answer.send)


def is_api_path(path: str) -> bool:
    """Tell whether a path belongs to the JSON APIs."""
    return path == "/api" or path.startswith("/api/")


class _Answer:
    """One answer on its way out; that of a GET waits until its body is known."""

    __slots__ = ("_body", "_scope", "_send", "_start")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: dict[str, Any] | None = None
        self._body = b""

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *self._headers()]
            if self._scope["method"] == "GET" and message["status"] == 200:
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_tagged(self._start)
            return
        await self._send(message)

    def _headers(self) -> Headers:
        edge: Edge = self._scope["state"]["edge"]
        headers = [(b"logto-core-request-id", edge.request_id.encode()), _REVALIDATE, *_SECURITY]
        return [*headers, _STRICT_TRANSPORT] if edge.is_secure else headers

    async def _send_tagged(self, start: dict[str, Any]) -> None:
        digest = hashlib.blake2b(self._body, digest_size=12).hexdigest()
        etag = f'"{digest}"'
        start["headers"].append((b"etag", etag.encode()))
        # RFC 9110 section 13.1.2: the comparison is weak, and `*` matches what exists.
        known = find_header(self._scope["headers"], b"if-none-match") or ""
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        if etag in tags or "*" in tags:
            gone = {b"content-length", b"content-type"}
            start["headers"] = [pair for pair in start["headers"] if pair[0].lower() not in gone]
            start["status"] = 304
            self._body = b""
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body})
