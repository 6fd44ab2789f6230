"""Fresh, migrated databases: migrated once in a test run, then copied.

SQLite's file is copied for each test. A database of PostgreSQL, which takes a quarter of a second
to make and to drop, is copied for each worker and emptied after each test.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.support.postgres import PostgresCluster, shared_cluster

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")
TEMPLATE = "doorward_template"
# Whoever is still connected is cut off; foreign keys rest while table after table is emptied.
_EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables
   WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
END $$
"""
_idle: list[str] = []


@contextlib.contextmanager
def fresh_database(kind: Kind, *, run: Path, directory: Path) -> Iterator[str]:
    """Give the URL of a migrated, empty database that is gone after the block.

    `run` is a folder that all workers of the test run share, `directory` one of this test alone.
    """
    if kind == "sqlite":
        path = directory / "doorward.sqlite"
        shutil.copyfile(_sqlite_template(run), path)
        yield f"sqlite:///{path}"
        return
    cluster = shared_cluster()
    if _idle:
        name = _idle.pop()
    else:
        name = f"test_{uuid.uuid4().hex}"
        _postgres_template(run, cluster)
        cluster.create_database(name, template=TEMPLATE)
    try:
        yield cluster.url(name)
    finally:
        cluster.execute(_EMPTY, database=name)
        _idle.append(name)


@contextlib.contextmanager
def empty_database(kind: Kind, *, directory: Path) -> Iterator[str]:
    """Give the URL of a database in which nothing is yet, as an operator's first start finds it."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'doorward.sqlite'}"
        return
    cluster = shared_cluster()
    name = f"test_{uuid.uuid4().hex}"
    try:
        yield cluster.create_database(name)
    finally:
        cluster.drop_database(name)


def migrate(url: str, *, data_dir: Path) -> None:
    """Bring the database at `url` to the newest schema, with the command an operator uses."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("DOORWARD_")}
    environment |= {"DOORWARD_DATABASE_URL": url, "DOORWARD_DATA_DIR": str(data_dir)}
    subprocess.run([sys.executable, "-m", "doorward", "migrate"], env=environment, check=True)


def _sqlite_template(run: Path) -> Path:
    template = run / "template.sqlite"
    with _locked(run / "template.sqlite.lock"):
        if not template.exists():
            draft = run / "draft.sqlite"
            migrate(f"sqlite:///{draft}", data_dir=run)
            _fold_log(draft)
            draft.rename(template)
    return template


def _postgres_template(run: Path, cluster: PostgresCluster) -> None:
    with _locked(run / "template.postgres.lock"):
        known = cluster.execute(f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'")
        if not known:
            draft = cluster.create_database(f"{TEMPLATE}_draft")
            migrate(draft, data_dir=run)
            cluster.execute(f"ALTER DATABASE {TEMPLATE}_draft RENAME TO {TEMPLATE}")


def _fold_log(path: Path) -> None:
    """Bring what still stands in the write-ahead log into the file, so that it can be copied."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
