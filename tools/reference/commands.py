"""docs/reference/commands.md: every command of the command line, with its options."""

from __future__ import annotations

from collections.abc import Iterator

import click

from doorward.cli import cli

FILE = "commands.md"
INTRODUCTION = """\
# Commands

`make run` is `doorward up`. The program lies in `.venv/bin` of the folder in which `make run` or
`make install` ran, or where `pip install .` put it. Every command reads the [settings](settings.md)
from the environment, and works on the same database as the server.
"""
WIDTH = 96


def render() -> str:
    """Return the page: for each command its help, as the terminal shows it."""
    return INTRODUCTION + "".join(_section(name, command) for name, command in _commands(cli, ""))


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        full = f"{before} {name}".strip()
        if isinstance(command, click.Group):
            yield from _commands(command, full)
        else:
            yield full, command


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"doorward {name}", terminal_width=WIDTH)
    lines = command.get_help(context).splitlines()
    shown = "\n".join(f"    {line}".rstrip() for line in lines)
    return f"\n## doorward {name}\n\n{shown}\n"
