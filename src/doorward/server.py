"""Running the application: one process, one event loop, two listeners.

Granian is embedded in our own uvloop, so that the default tenant (3001) and the admin tenant
(3002) share one process, one SQLite writer and one cache. With DOORWARD_WORKERS > 1 a supervisor
runs that many such processes on the same ports (SO_REUSEPORT) and replaces one that dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from doorward.errors import ConfigurationError
from doorward.settings import Settings

log = logging.getLogger(__name__)

_WORKER_VARIABLE = "_DOORWARD_WORKER"
_RESPAWN_DELAY = 0.5
_GC_THRESHOLDS = (10_000, 20, 20)


def run(settings: Settings, *, announce: Callable[[], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status.

    Raises:
        ConfigurationError: an address cannot be listened on, or the master key does not open the
            database.
        DatabaseUnavailable: it cannot be reached.
    """
    if _WORKER_VARIABLE not in os.environ:
        _check_ports(settings)
        if settings.workers > 1:
            asyncio.run(_try_database(settings))
            return _supervise(settings, announce)
    import uvloop

    uvloop.run(serve(settings, announce))
    return 0


async def serve(settings: Settings, announce: Callable[[], None] | None = None) -> None:
    """Run one worker process in the running event loop."""
    # Before the imports: most of what a start makes stays, and would be walked through in vain.
    gc.set_threshold(*_GC_THRESHOLDS)

    from granian.constants import Interfaces
    from granian.server.embed import Server

    from doorward.app import create_app

    app = create_app(settings)
    await app.start()
    app.prepare()
    servers = [
        Server(
            app,
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
    # What the start has made stays: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    if announce:
        announce()
    await asyncio.wait(
        [*listeners, loop.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    failures = [task.exception() for task in listeners if task.done()]

    # Granian takes no new connections and lets requests in flight finish; then the database closes.
    for server in servers:
        server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait(listeners, timeout=settings.shutdown_timeout)
    await app.stop()
    for failure in failures:
        if failure is not None:
            raise failure


def _check_ports(settings: Settings) -> None:
    """Refuse a port that another server has: SO_REUSEPORT would quietly share it."""
    for port in (settings.port, settings.admin_port):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise ConfigurationError(
                    f"cannot listen on {settings.host}:{port}: {error.strerror}"
                ) from error


async def _try_database(settings: Settings) -> None:
    """Do what a worker does first: one that could not would be replaced for ever."""
    from doorward.storage import open_database
    from doorward.storage.migrate import migrate
    from doorward.tenants.master_key import open_sealer

    await migrate(settings)
    db = await open_database(settings)
    try:
        await open_sealer(db, settings=settings)
    finally:
        await db.close()


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
