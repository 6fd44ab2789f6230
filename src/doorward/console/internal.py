"""Calling the product's own endpoints within the process: the console's token exchange.

The request passes the same edge as one from outside, in the name of the browser it is made for, so
that addresses in the audit log are the browser's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from doorward.kit.edge import Edge

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Scope = Mapping[str, Any]

_FORWARDED = frozenset({b"user-agent", b"x-forwarded-for"})


class InternalAnswer(msgspec.Struct, frozen=True):
    """Status and JSON object of an answer; `body` is empty when it was no JSON object."""

    status: int
    body: dict[str, Any]


async def post_form(
    app: Asgi, path: str, *, form: Mapping[str, str], edge: Edge, on_behalf_of: Scope
) -> InternalAnswer:
    """Send a form to `path` of the tenant of `edge`, for the browser behind `on_behalf_of`."""
    content = urlencode(form).encode()
    host = urlsplit(edge.endpoint).netloc
    kept = [pair for pair in on_behalf_of["headers"] if pair[0] in _FORWARDED]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": urlsplit(edge.endpoint).scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", host.encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(content)).encode()),
            *kept,
        ],
        "client": on_behalf_of.get("client"),
        "server": on_behalf_of.get("server"),
        "state": {},
        "extensions": {},
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        decoded = None
    return InternalAnswer(
        status=sent[0]["status"], body=decoded if isinstance(decoded, dict) else {}
    )
