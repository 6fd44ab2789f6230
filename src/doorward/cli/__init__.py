"""The command line: one command, one function, grouped by what it is about.

    serving.py   up, serve                      data.py    migrate, backup, restore
    access.py    admin create, token, keys      looking.py doctor, routes

Imports of the server happen inside the commands: `doorward --help` must not pay for a database.
"""

from __future__ import annotations

import sqlite3  # lint: sql-place: its errors are caught here, no statement is run
import sys
from typing import NoReturn

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
    """Run the command line; an expected error, and what the machine refuses (a file, a folder, a
    disk that is full), is one line on stderr and status 1."""
    try:
        cli(standalone_mode=True)
    except DoorwardError as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except sqlite3.Error as error:
        _end(f"SQLite: {error}")


def _end(reason: str) -> NoReturn:
    click.echo(f"doorward: {reason}", err=True)
    sys.exit(1)
