"""`doorward migrate`, `backup` and `restore`.

A backup is consistent and is taken while the server runs: SQLite's online backup, or pg_dump's
snapshot. The master key (`secret.key` in the data folder, or DOORWARD_SECRET_KEY) is not in it:
keep it apart from the backup, without it nobody can open the sealed secrets inside.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3  # lint: sql-place: backup is a call of SQLite's own, not a statement
import subprocess
from pathlib import Path
from typing import Any

import click

from doorward.errors import ConfigurationError
from doorward.settings import Settings
from doorward.storage.private_file import make_private

_PAGES_PER_STEP = 256
ALL_TENANTS = "*"  # as storage.database says; importing that would cost half a second


@click.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    from doorward.storage.migrate import migrate as migrate_database

    changed = asyncio.run(migrate_database(Settings.from_environment()))
    click.echo("migrated" if changed else "already up to date")


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def backup(target: Path) -> None:
    """Write a consistent copy of the running database to TARGET."""
    settings = Settings.from_environment()
    if target.exists():
        raise ConfigurationError(f"{target} exists already; name a new file")
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)  # it holds password hashes: for its owner alone
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
    try:
        if settings.is_sqlite:
            _back_up_sqlite(settings.sqlite_path, draft)
        else:
            options = ["--format=custom", "--enable-row-security", f"--file={draft}"]
            _run_program("pg_dump", *options, settings.database_url)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(f"wrote {target} ({target.stat().st_size:,} bytes); keep the master key apart")


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace what is in the database without asking.")
def restore(source: Path, *, yes: bool) -> None:
    """Replace the database with the backup SOURCE. Stop the server first."""
    settings = Settings.from_environment()
    place = str(settings.sqlite_path) if settings.is_sqlite else "the PostgreSQL database"
    if not yes:
        click.confirm(f"Replace everything in {place} with {source}?", abort=True)
    if settings.is_sqlite:
        _restore_sqlite(source, settings.sqlite_path)
    else:
        from doorward.storage.postgres import is_in_use

        if asyncio.run(is_in_use(settings.database_url)):
            raise ConfigurationError(f"{place} is in use; stop every server first")
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction"]
        _run_program("pg_restore", *options, f"--dbname={settings.database_url}", str(source))
    click.echo(f"restored {source}; the next start migrates it if it is older")


def _back_up_sqlite(path: Path, target: Path) -> None:
    if not path.exists():
        raise ConfigurationError(f"there is no database at {path}")
    source, copy = sqlite3.connect(path, timeout=30), sqlite3.connect(target)
    try:
        with click.progressbar(length=100, label="copying") as bar:

            def show(_status: int, remaining: int, total: int) -> None:
                bar.update(round(100 * (total - remaining) / max(total, 1)) - bar.pos)

            source.backup(copy, pages=_PAGES_PER_STEP, progress=show)
    finally:
        copy.close()
        source.close()


def _restore_sqlite(source: Path, path: Path) -> None:
    _check_is_backup(source)
    _check_is_idle(path)
    draft = path.with_name(f".{path.name}.restore")
    draft.unlink(missing_ok=True)
    make_private(draft)
    shutil.copyfile(source, draft)
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    draft.replace(path)


def _check_is_backup(source: Path) -> None:
    connection = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    try:
        # lint: sql-place: a file that may be no database of ours
        connection.execute("SELECT version_num FROM alembic_version").fetchone()
        verdict: Any = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"{source} is not a Doorward backup: {error}") from error
    finally:
        connection.close()
    if verdict != "ok":
        raise ConfigurationError(f"{source} is damaged: {verdict}")


def _check_is_idle(path: Path) -> None:
    """Raise unless nobody has the file open: leaving WAL mode needs it alone."""
    if not path.exists():
        return
    connection = sqlite3.connect(path, timeout=0)
    try:
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise ConfigurationError(f"{path} is in use; stop the server first") from error
    finally:
        connection.close()


def _run_program(name: str, *arguments: str) -> None:
    program = shutil.which(name)
    if program is None:
        raise ConfigurationError(f"{name} is missing; install PostgreSQL's client programs")
    # Row-level security holds for the owner too; a dump says that it speaks for every tenant.
    environment = {**os.environ, "PGOPTIONS": f"-c doorward.tenant={ALL_TENANTS}"}
    result = subprocess.run(
        [program, *arguments], check=False, capture_output=True, text=True, env=environment
    )
    if result.returncode:
        raise ConfigurationError(f"{name} failed: {result.stderr.strip()}")
