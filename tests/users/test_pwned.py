"""The range service of leaked passwords, asked through the real client; it is a server of ours."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest_asyncio

from doorward.kit.http_client import HttpClient
from doorward.users.pwned import PwnedPasswords

LEAKED = "password1"
DIGEST = hashlib.sha1(LEAKED.encode()).hexdigest().upper()


class Range(BaseHTTPRequestHandler):
    """Answers as api.pwnedpasswords.com/range does, padding included."""

    asked: list[str]
    status = 200
    delay = 0.0

    def do_GET(self) -> None:
        self.asked.append(self.path)
        time.sleep(self.delay)
        lines = [f"{'0' * 35}:0", f"{DIGEST[5:]}:2413945"]
        padding = hashlib.sha1(b"padded").hexdigest().upper()
        lines.append(f"{padding[5:]}:0")
        body = "\r\n".join(lines).encode()
        self.send_response(self.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest_asyncio.fixture
async def service() -> AsyncIterator[tuple[PwnedPasswords, type[Range]]]:
    handler = type("Handler", (Range,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    http = HttpClient(allow_private_addresses=True)
    url = f"http://127.0.0.1:{server.server_port}/range/"
    yield PwnedPasswords(http=http, range_url=url), handler
    await http.close()
    server.shutdown()
    thread.join()
    server.server_close()


class TestPwned:
    async def test_knows_a_leaked_password(
        self, service: tuple[PwnedPasswords, type[Range]]
    ) -> None:
        pwned, _ = service

        assert await pwned.knows(LEAKED)
        assert not await pwned.knows("correct-horse-9!")

    async def test_only_five_characters_leave(
        self, service: tuple[PwnedPasswords, type[Range]]
    ) -> None:
        """k-anonymity: neither the password nor its whole hash is sent."""
        pwned, handler = service

        await pwned.knows(LEAKED)

        assert handler.asked == [f"/range/{DIGEST[:5]}"]

    async def test_padding_does_not_count(
        self, service: tuple[PwnedPasswords, type[Range]]
    ) -> None:
        pwned, _ = service

        assert not await pwned.knows("padded")

    async def test_a_service_that_is_away_refuses_nobody(
        self, service: tuple[PwnedPasswords, type[Range]]
    ) -> None:
        pwned, handler = service
        handler.status = 503

        assert not await pwned.knows(LEAKED)

    async def test_a_slow_one_is_not_waited_for(
        self, service: tuple[PwnedPasswords, type[Range]]
    ) -> None:
        pwned, handler = service
        handler.delay = 1.5
        began = time.monotonic()

        assert not await pwned.knows(LEAKED)
        assert time.monotonic() - began < 1.4

    async def test_an_empty_address_turns_it_off(
        self, service: tuple[PwnedPasswords, type[Range]]
    ) -> None:
        _, handler = service

        assert not await PwnedPasswords(http=HttpClient(), range_url="").knows(LEAKED)
        assert handler.asked == []
