"""The outbound client: what it sends, what it limits, and every address it must not reach."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import pytest
import pytest_asyncio

from doorward.kit.addresses import AddressNotPublic
from doorward.kit.http_client import (
    AddressRefused,
    HttpClient,
    MalformedBody,
    ResponseTooLarge,
    TimedOut,
    Unreachable,
    guarded_backend,
)


@dataclass
class Provider:
    """A small server on loopback that remembers what it was asked."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@contextlib.contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider.asked.append((self.command, self.path, headers, body))
            if self.path == "/slow":
                # One byte now and then: each read is quick, the whole is not.
                self.send_response(200)
                self.send_header("content-length", "1000")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for _ in range(100):
                        self.wfile.write(b"x")
                        time.sleep(0.02)
                return
            status, answer = {
                "/json": (200, b'{"ok":true}'),
                "/large": (200, b"x" * 5000),
                "/away": (302, b""),
                "/page": (500, b"<h1>Oops</h1>"),
            }.get(self.path.partition("?")[0], (200, b"fine"))
            self.send_response(status)
            self.send_header("X-Twice", "a")
            self.send_header("X-Twice", "b")
            if status == 302:
                self.send_header("location", f"{provider.url}/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(answer)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest_asyncio.fixture
async def inside() -> AsyncIterator[HttpClient]:
    """A client that may reach private addresses."""
    client = HttpClient(allow_private_addresses=True)
    yield client
    await client.close()


@pytest_asyncio.fixture
async def guarded() -> AsyncIterator[HttpClient]:
    """A client as it is in production."""
    client = HttpClient()
    yield client
    await client.close()


class TestExchange:
    async def test_get(self, inside: HttpClient, provider: Provider) -> None:
        """A GET sends its headers and brings back status, headers and JSON."""
        answer = await inside.get(f"{provider.url}/json?a=1", headers={"authorization": "Bearer t"})

        method, path, headers, _ = provider.asked[0]
        assert (method, path, headers["authorization"]) == ("GET", "/json?a=1", "Bearer t")
        assert (answer.status, answer.headers["x-twice"]) == (200, "a, b")
        assert answer.json() == {"ok": True}

    async def test_post_form(self, inside: HttpClient, provider: Provider) -> None:
        """A form is sent urlencoded, with its length."""
        await inside.post(f"{provider.url}/json", form={"code": "a&b", "x": "ü"})

        method, _, headers, body = provider.asked[0]
        assert (method, body) == ("POST", b"code=a%26b&x=%C3%BC")
        assert headers["content-type"] == "application/x-www-form-urlencoded"

    async def test_redirects_are_not_followed(self, inside: HttpClient, provider: Provider) -> None:
        """A redirect is an answer: following it would be a second, unchecked request."""
        answer = await inside.get(f"{provider.url}/away")

        assert (answer.status, answer.headers["location"]) == (302, f"{provider.url}/json")
        assert len(provider.asked) == 1

    async def test_not_json(self, inside: HttpClient, provider: Provider) -> None:
        """A page where JSON should be is an error of its own, whatever the status."""
        answer = await inside.get(f"{provider.url}/page")

        assert answer.status == 500
        with pytest.raises(MalformedBody):
            answer.json()

    async def test_nobody_there(self, inside: HttpClient) -> None:
        """A refused connection is Unreachable."""
        with running_provider() as gone:
            url = gone.url

        with pytest.raises(Unreachable):
            await inside.get(f"{url}/json")

    async def test_error_tells_no_path(self, inside: HttpClient) -> None:
        """The text of an error ends up in logs: it holds the host and no code or token."""
        with running_provider() as gone:
            url = gone.url

        with pytest.raises(Unreachable) as caught:
            await inside.get(f"{url}/callback?code=secret-code")

        assert "secret-code" not in str(caught.value)


class TestLimits:
    async def test_size(self, inside: HttpClient, provider: Provider) -> None:
        """Reading stops at the limit."""
        with pytest.raises(ResponseTooLarge):
            await inside.get(f"{provider.url}/large", max_bytes=4999)

        assert len((await inside.get(f"{provider.url}/large", max_bytes=5000)).body) == 5000

    async def test_total_time(self, inside: HttpClient, provider: Provider) -> None:
        """A server that drips bytes is cut off by the limit on the whole exchange."""
        began = time.monotonic()

        with pytest.raises(TimedOut):
            await inside.get(f"{provider.url}/slow", time_limit=timedelta(seconds=0.2))

        assert time.monotonic() - began < 1.5


class TestGuard:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[::127.0.0.1]",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "127.1",
            "0",
            "0.0.0.0",
            "[::]",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "[fe80::1]",
            "[fc00::1]",
            "[fec0::1]",
            "224.0.0.1",
            "[ff02::1]",
            "255.255.255.255",
            "127.0.0.1.",
        ],
    )
    async def test_address_inside(self, guarded: HttpClient, provider: Provider, host: str) -> None:
        """Loopback, private, link-local and multicast addresses are refused in every spelling."""
        with pytest.raises((AddressRefused, Unreachable)) as caught:
            await guarded.get(f"http://{host}:{provider.port}/json")

        if host != "127.0.0.1.":  # some resolvers do not know the trailing dot at all
            assert caught.type is AddressRefused
        assert provider.asked == []

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://example.com/",
            "gopher://127.0.0.1:6379/_INFO",
            "//example.com/",
            "http://",
            "http:///path",
            "http://user:password@example.com/",
            "http://example.com:99999/",
            "http://example.com\\@127.0.0.1/",
            "http://exa mple.com/",
            "http://example.com/\r\nX-Injected: 1",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::1/",
        ],
    )
    async def test_malformed(self, guarded: HttpClient, url: str) -> None:
        """Other schemes, user names and what parsers disagree on are refused before resolving."""
        with pytest.raises(AddressRefused):
            await guarded.get(url)

    async def test_name_that_leads_inside(self, provider: Provider) -> None:
        """A public name with a private address is refused: the address counts, not the name."""

        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        client = HttpClient(resolve=resolve)
        with pytest.raises(AddressRefused):
            await client.get(f"http://innocent.example:{provider.port}/json")
        await client.close()

        assert provider.asked == []

    async def test_one_private_among_public(self) -> None:
        """One private address among public ones is enough to refuse."""

        async def resolve(host: str, port: int) -> list[str]:
            return ["93.184.215.14", "10.0.0.1"]

        dial = Dial()
        with pytest.raises(AddressNotPublic):
            await guarded_backend(resolve, dial=dial).connect_tcp("mixed.example", 443)

        assert dial.dialled == []

    async def test_rebinding(self) -> None:
        """A name that changes after the check gains nothing: the checked address is dialled."""
        answers = [["93.184.215.14"], ["127.0.0.1"]]

        async def resolve(host: str, port: int) -> list[str]:
            return answers.pop(0)

        dial = Dial()
        await guarded_backend(resolve, dial=dial).connect_tcp("rebinding.example", 443)

        assert dial.dialled == [("93.184.215.14", 443)]
        assert answers == [["127.0.0.1"]]

    async def test_next_address(self) -> None:
        """When the first address does not answer, the next checked one is tried."""

        async def resolve(host: str, port: int) -> list[str]:
            return ["93.184.215.14", "93.184.215.15"]

        dial = Dial(down={"93.184.215.14"})
        await guarded_backend(resolve, dial=dial).connect_tcp("two.example", 443)

        assert dial.dialled == [("93.184.215.14", 443), ("93.184.215.15", 443)]


class TestOverrides:
    async def test_override(self, provider: Provider) -> None:
        """A development override is called instead, keeps the Host, and may be loopback."""
        client = HttpClient(host_overrides={"discord.com": provider.url})
        answer = await client.get("https://discord.com/json?x=1")
        await client.close()

        _, path, headers, _ = provider.asked[0]
        assert (answer.status, path, headers["host"]) == (200, "/json?x=1", "discord.com")

    async def test_others_stay_guarded(self, provider: Provider) -> None:
        """An override opens the way to its own host alone."""
        client = HttpClient(host_overrides={"discord.com": provider.url})
        with pytest.raises(AddressRefused):
            await client.get(f"{provider.url}/json")
        await client.close()

        assert provider.asked == []


class Dial(httpcore.AsyncMockBackend):
    """The outside world: remembers what was dialled; hosts in `down` do not answer."""

    def __init__(self, down: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        super().__init__([])
        self.dialled: list[tuple[str, int]] = []
        self._down = down

    async def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        self.dialled.append((host, port))
        if host in self._down:
            raise httpcore.ConnectError(host)
        return await super().connect_tcp(host, port, *args, **kwargs)
