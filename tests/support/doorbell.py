"""A port of this machine that tells whether anybody connected, whatever they wanted to say.

with doorbell() as bell:
    ...                     # f"https://127.0.0.1:{bell.port}/"
    assert not bell.rang()
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

# Ways to write 127.0.0.1.
LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "localhost",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "client.example@127.0.0.1",
]


@dataclass(frozen=True)
class Doorbell:
    """A listening socket; the system connects callers, nobody answers them."""

    listener: socket.socket

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def rang(self) -> bool:
        """Tell whether somebody connected since the last time."""
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True


@contextlib.contextmanager
def doorbell() -> Iterator[Doorbell]:
    """Listen until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Doorbell(listener)
