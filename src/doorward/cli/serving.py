"""`doorward up` and `doorward serve`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from doorward import __version__
from doorward.settings import Settings


@click.command()
def up() -> None:
    """Migrate, serve, and say where."""
    settings = Settings.from_environment()
    _run(settings, announce=lambda: _announce(settings))


@click.command()
def serve() -> None:
    """Serve without a word on stdout, for process managers."""
    _run(Settings.from_environment(), announce=None)


def _run(settings: Settings, *, announce: Callable[[], None] | None) -> None:
    from doorward.kit.logs import set_up_logs
    from doorward.server import run

    set_up_logs(level=settings.log_level, shape=settings.log_format)
    sys.exit(run(settings, announce=announce))


def _announce(settings: Settings) -> None:
    database = str(settings.sqlite_path) if settings.is_sqlite else "PostgreSQL"
    click.echo(
        f"\n  Doorward {__version__} is up.\n\n"
        f"    Sign-in endpoint  {settings.endpoint}\n"
        f"    Console           {settings.admin_endpoint}/console\n"
        f"    Database          {database}\n\n"
        "  Ctrl+C stops it.\n"
    )
