"""Running the application: one process, one event loop, two listeners.

Granian is embedded in our own uvloop, so that the default tenant (3001) and the admin tenant
(3002) share one process, one SQLite writer and one cache. With DOORWARD_WORKERS > 1 a supervisor
runs that many such processes on the same ports (SO_REUSEPORT) and replaces one that dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from doorward.settings import Settings

log = logging.getLogger(__name__)

_WORKER_VARIABLE = "_DOORWARD_WORKER"
_RESPAWN_DELAY = 0.5


def run(settings: Settings, *, announce: Callable[[], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    if settings.workers > 1 and _WORKER_VARIABLE not in os.environ:
        return _supervise(settings, announce)
    import uvloop

    uvloop.run(serve(settings, announce))
    return 0


async def serve(settings: Settings, announce: Callable[[], None] | None = None) -> None:
    """Run one worker process in the running event loop."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from doorward.app import create_app

    app = create_app(settings)
    await app.start()
    flights = _Flights(app)
    servers = [
        Server(
            flights,
            settings.host,
            port,
            interface=Interfaces.ASGINL,
            log_enabled=False,
            websockets=False,
            backlog=1024,
        )
        for port in (settings.port, settings.admin_port)
    ]
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    listeners = [loop.create_task(server.serve()) for server in servers]
    if announce:
        announce()
    await asyncio.wait(
        [*listeners, loop.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    failures = [task.exception() for task in listeners if task.done()]

    # No new connections, requests in flight finish, then the database closes.
    await flights.land(within=settings.shutdown_timeout)
    for server in servers:
        server.stop()  # type: ignore[no-untyped-call]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*listeners, return_exceptions=True), 5)
    await app.stop()
    for failure in failures:
        if failure is not None:
            raise failure


class _Flights:
    """Counts requests in flight, so that a stop can wait for them."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._app = app
        self._count = 0
        self._landed = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._count += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._count -= 1
            if not self._count:
                self._landed.set()

    async def land(self, *, within: float) -> None:
        self._landed.clear()
        if self._count:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._landed.wait(), within)


def _supervise(settings: Settings, announce: Callable[[], None] | None) -> int:
    """Keep `settings.workers` processes alive until told to stop."""
    environment = {**os.environ, _WORKER_VARIABLE: "1"}
    command = [sys.executable, "-m", "doorward", "serve"]
    workers = [subprocess.Popen(command, env=environment) for _ in range(settings.workers)]
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if announce:
        announce()
    while not stopping:
        time.sleep(_RESPAWN_DELAY)
        for i, worker in enumerate(workers):
            status = worker.poll()
            if status is not None and not stopping:
                log.error("worker died, starting another", extra={"status": status})
                workers[i] = subprocess.Popen(command, env=environment)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(settings.shutdown_timeout + 10)
        worker.kill()
    return 0
