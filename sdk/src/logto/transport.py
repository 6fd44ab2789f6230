"""How this package talks HTTP, and how one set of rules serves both clients.

The rules (session.py, provider.py) are generators. They yield a Future for each request that is on
its way and are resumed with its answer:

    response = yield transport.send(Request("GET", url))

`run_async` and `run_sync` drive such a `Flow` for the asynchronous and the synchronous client.

Requests run on a few threads of one pool, over one HTTP client with one pool of connections, for
all clients of the process. So connections stay open from one web request to the next even where
each gets an event loop of its own, as in Flask's async views, and a caller who gives up halfway
does not take an answer that others wait for down with him.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .LogtoException import LogtoException

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Flow = Generator["Future[Any]", Any, T]

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 15.0
MAX_ANSWER_BYTES = 1024 * 1024
MAX_REQUESTS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `form` makes it a POST of a form."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """Its answer, whatever the status."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body, an empty one when it is anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def send(request: Request) -> Future[Response]:
    """Send `request` on a thread of the pool. The Future raises what `exchange` raises."""
    return submit(partial(exchange, request))


def submit(work: Callable[[], T]) -> Future[T]:
    """Run `work` on a thread of the pool."""
    return _pool().threads.submit(work)


def exchange(request: Request) -> Response:
    """Send `request` and wait for the answer. Redirects are not followed.

    Raises:
        LogtoException: the server could not be reached, was too slow or said too much.
    """
    import httpx

    try:
        with _pool().http.stream(
            request.method,
            request.url,
            headers={"accept": "application/json", **request.headers},
            data=request.form,
        ) as answer:
            return Response(status=answer.status_code, body=_read(answer))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LogtoException(f"{request.url} could not be reached: {error}") from error


def run_sync(flow: Flow[T]) -> T:
    """Drive `flow` to its end, blocking this thread while a request is on its way."""
    step = partial(next, flow)
    while True:
        try:
            future = step()
        except StopIteration as end:
            return cast(T, end.value)
        try:
            step = partial(flow.send, future.result())
        except LogtoException as error:
            step = partial(flow.throw, error)


async def run_async(flow: Flow[T]) -> T:
    """Drive `flow` to its end, leaving the event loop to others while a request is on its way."""
    step = partial(next, flow)
    while True:
        try:
            future = step()
        except StopIteration as end:
            return cast(T, end.value)
        try:
            # Shielded: others may wait for the same answer, and it may carry a new refresh token.
            step = partial(flow.send, await asyncio.shield(asyncio.wrap_future(future)))
        except LogtoException as error:
            step = partial(flow.throw, error)


def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise LogtoException(
                f"The answer of {answer.url} is longer than {MAX_ANSWER_BYTES} bytes"
            )
    return bytes(body)


class _Pool:
    """The threads and the connections of this process."""

    def __init__(self) -> None:
        import httpx

        self.threads = ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE, thread_name_prefix="logto-http")
        self.http = httpx.Client(
            timeout=httpx.Timeout(ANSWER_TIMEOUT, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=MAX_REQUESTS_AT_ONCE),
            headers={"user-agent": "doorward-sdk"},
        )


_lock = threading.Lock()
_current: _Pool | None = None


def _pool() -> _Pool:
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = _Pool()
    return _current


def _forget() -> None:
    """Begin anew in a forked worker: threads end at a fork, and connections may not be shared."""
    global _lock, _current
    _lock, _current = threading.Lock(), None


@atexit.register
def _close() -> None:
    if _current is not None:
        _current.http.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
