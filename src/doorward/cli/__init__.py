"""The command line: `doorward up`, `serve`, `migrate`, ...; one command, one function.

Imports happen inside the commands: `doorward --help` must not pay for a database.
"""

from __future__ import annotations

import sys

import click

from doorward import __version__
from doorward.errors import DoorwardError
from doorward.settings import Settings


@click.group()
@click.version_option(__version__, prog_name="doorward")
def cli() -> None:
    """Doorward, a self-hosted identity platform."""


@cli.command()
def up() -> None:
    """Migrate and serve, and say where."""
    from doorward.kit.logs import set_up_logs
    from doorward.server import run

    settings = Settings.from_environment()
    set_up_logs(level=settings.log_level, shape=settings.log_format)
    sys.exit(run(settings, announce=lambda: _announce(settings)))


@cli.command()
def serve() -> None:
    """Serve without a word on stdout, for process managers."""
    from doorward.kit.logs import set_up_logs
    from doorward.server import run

    settings = Settings.from_environment()
    set_up_logs(level=settings.log_level, shape=settings.log_format)
    sys.exit(run(settings))


@cli.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    import asyncio

    from doorward.storage.migrate import migrate as migrate_database

    changed = asyncio.run(migrate_database(Settings.from_environment()))
    click.echo("migrated" if changed else "already up to date")


def main() -> None:
    """Run the command line; a known error is one line on stderr and status 1."""
    try:
        cli(standalone_mode=True)
    except DoorwardError as error:
        click.echo(f"doorward: {error}", err=True)
        sys.exit(1)


def _announce(settings: Settings) -> None:
    database = str(settings.sqlite_path) if settings.is_sqlite else "PostgreSQL"
    click.echo(
        f"\n  Doorward {__version__} is up.\n\n"
        f"    Sign-in endpoint  {settings.endpoint}\n"
        f"    Console           {settings.admin_endpoint}/console\n"
        f"    Database          {database}\n\n"
        "  Ctrl+C stops it.\n"
    )
