"""The command line: one command, one function, grouped by what it is about.

    serving.py   up, serve                      data.py    migrate, backup, restore
    access.py    admin create, token, keys      looking.py doctor, routes

Imports of the server happen inside the commands: `doorward --help` must not pay for a database.
"""

from __future__ import annotations

import sys

import click

from doorward import __version__
from doorward.cli.access import admin, keys, token
from doorward.cli.data import backup, migrate, restore
from doorward.cli.looking import doctor, routes
from doorward.cli.serving import serve, up
from doorward.errors import DoorwardError


@click.group()
@click.version_option(__version__, prog_name="doorward")
def cli() -> None:
    """Doorward, a self-hosted identity platform. Settings are DOORWARD_* variables."""


for command in (up, serve, migrate, backup, restore, admin, token, keys, doctor, routes):
    cli.add_command(command)


def main() -> None:
    """Run the command line; an expected error is one line on stderr and status 1."""
    try:
        cli(standalone_mode=True)
    except DoorwardError as error:
        click.echo(f"doorward: {error}", err=True)
        sys.exit(1)
