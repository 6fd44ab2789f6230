"""The one way out: outbound HTTP with limits on time and size, and a guard on addresses.

    url ─► scheme, host ─► override? ──────────────────────────► pool without guard
                     └─► pool with guard ─► resolve ─► check EVERY address ─► dial a checked one

A URL that an administrator, a client or a provider supplied may not reach the inside of the
operator's network (CWE-918). The check is made on the addresses that are then dialled, not on the
name, so neither an odd spelling of 127.0.0.1 nor a name that resolves differently the second time
(DNS rebinding) passes it. TLS still verifies the name. Redirects are not followed: a 3xx is an
answer like any other. Proxies of the environment are ignored.

    HttpError
    ├── AddressRefused      scheme, host or address that may not be called
    ├── Unreachable         name resolution, connection or protocol failed
    ├── TimedOut            the whole exchange took longer than `time_limit`
    ├── ResponseTooLarge    the body is longer than `max_bytes`
    └── MalformedBody       `json()` found no JSON
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit, urlunsplit

import msgspec

from doorward.kit.addresses import (
    AddressNotPublic,
    Resolve,
    check_addresses,
    check_host,
    resolve_host,
)

if TYPE_CHECKING:
    import httpcore

TIME_LIMIT: Final = timedelta(seconds=5)
MAX_BYTES: Final = 1024 * 1024
USER_AGENT: Final = "Doorward"

_IDLE_SECONDS: Final = 30.0
_MAX_CONNECTIONS: Final = 100
_RAW_PATH_SAFE: Final = "/%:@!$&'()*+,;=~-._?"


class HttpError(Exception):
    """An outbound call failed; the text names the host, never the path, query or a header."""


class AddressRefused(HttpError):
    """The URL is not http(s), is malformed, or leads to an address that is not public."""


class Unreachable(HttpError):
    """The host does not resolve, does not accept, or does not speak HTTP or valid TLS."""


class TimedOut(HttpError):
    """The whole exchange did not end within the time limit."""


class ResponseTooLarge(HttpError):
    """The body is longer than the limit; what was read of it is dropped."""


class MalformedBody(HttpError):
    """The body is not JSON."""


class HttpResponse(msgspec.Struct, frozen=True):
    """An answer. Header names are lower case; repeated ones are joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            MalformedBody: it is not.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise MalformedBody(f"the answer ({self.status}) is not JSON") from error


class HttpClient:
    """Calls other servers. One per process; `close` it at the end.

    Args:
        allow_private_addresses: switch the guard off, for providers inside the operator's network.
        host_overrides: development only, host -> base URL that is called instead. Such a target
            may be loopback; the Host header stays that of the original.
        resolve: (host, port) -> addresses; the system's resolver unless a test says otherwise.
    """

    def __init__(
        self,
        *,
        allow_private_addresses: bool = False,
        host_overrides: Mapping[str, str] | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._allow_private_addresses = allow_private_addresses
        self._host_overrides = dict(host_overrides or {})
        self._resolve = resolve or resolve_host
        self._pools: dict[bool, httpcore.AsyncConnectionPool] = {}

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        time_limit: timedelta = TIME_LIMIT,
        max_bytes: int = MAX_BYTES,
    ) -> HttpResponse:
        """Send a GET request.

        Raises:
            HttpError: see the tree at the top; an answer of any status is not an error.
        """
        return await self._send("GET", url, headers or {}, b"", time_limit, max_bytes)

    async def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        time_limit: timedelta = TIME_LIMIT,
        max_bytes: int = MAX_BYTES,
    ) -> HttpResponse:
        """Send a POST request with a form, or with `content` whose type the headers name.

        Raises:
            HttpError: as for `get`.
        """
        given = dict(headers or {})
        if form is not None:
            content = urlencode(form).encode()
            given["content-type"] = "application/x-www-form-urlencoded"
        return await self._send("POST", url, given, content, time_limit, max_bytes)

    async def close(self) -> None:
        """Close every connection."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        time_limit: timedelta,
        max_bytes: int,
    ) -> HttpResponse:
        # 1. What may be called at all, and where it really goes.
        host, target, is_overridden = self._target(url)
        pool = self._pool(is_guarded=not (is_overridden or self._allow_private_addresses))
        sent = {
            "host": host,
            "accept": "*/*",
            "accept-encoding": "identity",
            "user-agent": USER_AGENT,
        } | {name.lower(): value for name, value in headers.items()}
        if method == "POST":
            sent["content-length"] = str(len(content))

        # 2. One exchange, bounded as a whole: a server that drips bytes gains nothing.
        import httpcore

        try:
            async with asyncio.timeout(time_limit.total_seconds()):
                async with pool.stream(
                    method, target, headers=list(sent.items()), content=content or None
                ) as answer:
                    return HttpResponse(
                        status=answer.status,
                        headers=_join_headers(answer.headers),
                        body=await _read(answer, max_bytes=max_bytes, host=host),
                    )
        except AddressNotPublic as error:
            raise AddressRefused(str(error)) from error
        except TimeoutError as error:
            raise TimedOut(f"{host} did not answer in {time_limit.total_seconds():g} s") from error
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            ssl.SSLError,
        ) as error:
            raise Unreachable(f"{host}: {type(error).__name__}") from error

    def _target(self, url: str) -> tuple[str, str, bool]:
        """Return the Host header, the URL to call and whether that is an override's."""
        parts, port = _split(url)
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        host = _host_header(parts.hostname or "", port)
        base = self._host_overrides.get(parts.hostname or "")
        origin = base or f"{parts.scheme}://{host}"
        return host, origin + quote(path, safe=_RAW_PATH_SAFE), base is not None

    def _pool(self, *, is_guarded: bool) -> httpcore.AsyncConnectionPool:
        pool = self._pools.get(is_guarded)
        if pool is None:
            import httpcore

            backend = guarded_backend(self._resolve) if is_guarded else None
            pool = self._pools[is_guarded] = httpcore.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_connections=_MAX_CONNECTIONS,
                keepalive_expiry=_IDLE_SECONDS,
                network_backend=backend,
            )
        return pool


def guarded_backend(
    resolve: Resolve, *, dial: httpcore.AsyncNetworkBackend | None = None
) -> httpcore.AsyncNetworkBackend:
    """Return a network backend that dials only addresses it resolved and found public itself.

    `dial` opens the connection to an address; the system's sockets unless a test says otherwise.
    """
    import httpcore

    class GuardedBackend(httpcore.AsyncNetworkBackend):
        """The name is resolved once, here; the connection goes to the very address checked."""

        def __init__(self) -> None:
            self._dial = dial or httpcore.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109 (the signature of httpcore)
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.AsyncNetworkStream:
            try:
                addresses = await resolve(host, port)
            except OSError as error:
                raise httpcore.ConnectError(f"{host} does not resolve") from error
            check_addresses(host, addresses)
            failure: httpcore.NetworkError = httpcore.ConnectError(f"{host} has no address")
            for address in addresses:
                try:
                    return await self._dial.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore.NetworkError as error:
                    failure = error
            raise failure

        async def sleep(self, seconds: float) -> None:
            await self._dial.sleep(seconds)

    return GuardedBackend()


def _split(url: str) -> tuple[SplitResult, int | None]:
    # Control characters and backslashes are read differently by different parsers.
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise AddressRefused("the URL holds characters that a URL cannot hold")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        check_host(host)
    except AddressNotPublic as error:
        raise AddressRefused(str(error)) from error
    except ValueError as error:
        raise AddressRefused("the URL is malformed") from error
    if parts.scheme not in {"http", "https"} or not host or not host.isascii():
        raise AddressRefused("only http and https URLs with an ASCII host are called")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("the URL must not hold a user name")
    return parts, port


def _host_header(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _join_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


async def _read(answer: httpcore.Response, *, max_bytes: int, host: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_stream():
        size += len(part)
        if size > max_bytes:
            raise ResponseTooLarge(f"{host} sent more than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)
