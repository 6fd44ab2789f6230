"""One turn, taken by one coroutine after the other, in the order they came.

What `asyncio.Lock` does, which asks for the running loop each time somebody waits: up to Python
3.11 that is a system call, and a busy writer has a line before it always.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable


class Turn:
    """The turn, and the line before it. It belongs to the event loop in which it is first taken.

    `forfeited` is called for who stops waiting in the very moment in which they are handed the
    turn: it does what there is to do at the end of a turn, and passes it on.
    """

    def __init__(self, forfeited: Callable[[], None]) -> None:
        self._forfeited = forfeited
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_taken = False
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def has_line(self) -> bool:
        """Whether somebody waits."""
        return any(not handed_over.done() for handed_over in self._line)

    def new_future(self) -> asyncio.Future[None]:
        """Return a future of the event loop."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        return loop.create_future()

    async def take(self) -> None:
        """Wait for the turn; who comes first has it first."""
        if not self._is_taken:
            self._is_taken = True
            return
        handed_over = self.new_future()
        self._line.append(handed_over)
        try:
            await handed_over
        except asyncio.CancelledError:
            if not handed_over.cancelled():
                self._forfeited()
            with contextlib.suppress(ValueError):
                self._line.remove(handed_over)
            raise

    def pass_on(self) -> None:
        """Hand the turn to the next in line, or lay it down."""
        while self._line:
            handed_over = self._line.popleft()
            if not handed_over.done():
                handed_over.set_result(None)
                return
        self._is_taken = False
