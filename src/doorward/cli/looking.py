"""`doorward doctor` and `doorward routes`: looking without touching."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import click

import doorward
from doorward.errors import DoorwardError
from doorward.settings import Settings

Verdict = tuple[Literal["ok", "warn", "fail"], str]
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
_MINIMUM_FREE_SPACE = 500_000_000
_SLOW_HASH = 0.25


@click.command()
def doctor() -> None:
    """Check settings, database, keys and machine; exit 1 if something is broken."""
    is_broken = False
    for level, text in _examine():
        click.echo(f"{click.style(f'{level:<5}', fg=_COLOURS[level])}{text}")
        is_broken = is_broken or level == "fail"
    sys.exit(1 if is_broken else 0)


@click.command()
def routes() -> None:
    """Print every route: method, path, and the file and line that answers it."""
    rows = sorted({*_oidc_routes(), *_web_routes()}, key=lambda row: (row[1], row[0]))
    width = max(len(path) for _, path, _ in rows)
    for method, path, place in rows:
        click.echo(f"{method:<7} {path:<{width}}  {place}")


def _examine() -> Iterator[Verdict]:
    try:
        settings = Settings.from_environment()
    except DoorwardError as error:
        yield "fail", f"settings: {error}"
        return
    yield "ok", f"settings: endpoint {settings.endpoint}, console {settings.admin_endpoint}"
    yield from _examine_exposure(settings)
    storage = [*_examine_folders(settings), *_examine_database(settings)]
    yield from storage
    is_readable = all(level != "fail" for level, _ in storage)
    yield _examine_key(settings, is_readable=is_readable)
    yield from _examine_machine(settings)


def _examine_exposure(settings: Settings) -> Iterator[Verdict]:
    is_local = "://localhost" in settings.endpoint or "://127.0.0.1" in settings.endpoint
    if not settings.is_https and not is_local:
        yield "warn", "endpoint: http on a public name; put TLS in front and use https"
    if settings.is_https and not settings.trusted_proxies:
        yield (
            "warn",
            "proxies: https without DOORWARD_TRUSTED_PROXIES; logs show the proxy's address",
        )
    if settings.dev_host_overrides:
        yield "warn", "outbound: DOORWARD_DEV_HOST_OVERRIDES is set, for development only"


def _examine_folders(settings: Settings) -> Iterator[Verdict]:
    """Try to write into each folder that a start writes into, or into the one it is made in."""
    folders = set()
    if settings.is_sqlite:
        folders.add(settings.sqlite_path.parent)
    if not settings.secret_key:
        folders.add(settings.data_dir)
    for folder in sorted(folders):
        place = _existing(folder)
        try:
            # Such a file has no name, or loses it at once.
            with tempfile.TemporaryFile(dir=place) as probe:
                probe.write(b"doorward")
        except OSError as error:
            yield "fail", f"data folder: {place} cannot be written into: {error.strerror}"
        else:
            yield "ok", f"data folder: {folder}"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(p for p in (folder, *folder.resolve().parents) if p.exists())


def _examine_database(settings: Settings) -> Iterator[Verdict]:
    from doorward.storage.migrate import current_revision
    from doorward.storage.migrations import HEAD

    try:
        revision = asyncio.run(current_revision(settings))
    except (DoorwardError, OSError) as error:
        yield "fail", f"database: {error}"
        return
    if revision is None:
        yield "ok", "database: empty; the first start creates it"
    elif revision == HEAD:
        yield "ok", f"database: at revision {revision}"
    elif revision < HEAD:
        yield "warn", f"database: at revision {revision}; the next start migrates to {HEAD}"
    else:
        yield "fail", f"database: at revision {revision}, newer than this program's {HEAD}"
    if settings.is_sqlite and settings.workers > 1:
        yield "warn", "workers: SQLite has one writer; one worker serves it best"


def _examine_key(settings: Settings, *, is_readable: bool) -> Verdict:
    try:
        settings.find_master_key()
        if not is_readable:
            return "warn", "master key: not tried on a database that cannot be used"
        asyncio.run(_check_key(settings))
    except (DoorwardError, OSError) as error:
        return "fail", f"master key: {error}"
    return _examine_key_place(settings)


async def _check_key(settings: Settings) -> None:
    from doorward.storage import open_database
    from doorward.storage.migrate import current_revision
    from doorward.tenants.master_key import check_master_key

    if await current_revision(settings) is None:
        return
    db = await open_database(settings)
    try:
        await check_master_key(db, settings=settings)
    finally:
        await db.close()


def _examine_key_place(settings: Settings) -> Verdict:
    if settings.secret_key:
        return "ok", "master key: from DOORWARD_SECRET_KEY"
    path = settings.key_path
    if not path.exists():
        return "ok", f"master key: the first start generates {path}"
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return "fail", f"master key: {path} is readable by others; chmod 600 it"
    if settings.is_https:
        return "warn", f"master key: in {path}; give nodes DOORWARD_SECRET_KEY, and keep a copy"
    return "ok", f"master key: {path}"


def _examine_machine(settings: Settings) -> Iterator[Verdict]:
    folder = _existing(settings.data_dir)
    free = shutil.disk_usage(folder).free
    level: Literal["ok", "warn"] = "ok" if free > _MINIMUM_FREE_SPACE else "warn"
    yield level, f"disk: {free // 1_000_000:,} MB free in {folder}"
    for port in (settings.port, settings.admin_port):
        with socket.socket() as probe:
            is_taken = probe.connect_ex((_reachable(settings.host), port)) == 0
        yield "ok", f"port {port}: {'answers (a server runs)' if is_taken else 'free'}"
    seconds = _time_hash(settings)
    level = "ok" if seconds < _SLOW_HASH else "warn"
    yield level, f"password hash: {seconds * 1000:.0f} ms each"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 compared, not bound


def _time_hash(settings: Settings) -> float:
    from argon2 import PasswordHasher

    hasher = PasswordHasher(
        time_cost=settings.password_hash_time,
        memory_cost=settings.password_hash_memory,
        parallelism=settings.password_hash_parallelism,
    )
    start = time.perf_counter()
    hasher.hash("a password of ordinary length")
    return time.perf_counter() - start


def _oidc_routes() -> Iterator[tuple[str, str, str]]:
    from doorward.oidc.app import ROUTES

    for (method, path), endpoint in ROUTES.items():
        yield method, path, _place(endpoint)


def _web_routes() -> Iterator[tuple[str, str, str]]:
    from litestar import Router
    from litestar.routes import HTTPRoute

    from doorward.web import route_handlers

    # A router lists its routes without the services that only a running server has.
    routes = Router(path="/", route_handlers=route_handlers()).routes
    for route in (route for route in routes if isinstance(route, HTTPRoute)):
        for handler in route.route_handlers:
            for method in handler.http_methods - {"OPTIONS"}:
                yield str(method), route.path_format, _place(handler.fn)


def _place(function: Callable[..., Any]) -> str:
    code = inspect.unwrap(function)
    file = inspect.getsourcefile(code) or ""
    with contextlib.suppress(ValueError):  # a handler of a library lies elsewhere
        file = str(Path(file).relative_to(Path(doorward.__file__).parents[1]))
    return f"{file}:{inspect.getsourcelines(code)[1]}"
