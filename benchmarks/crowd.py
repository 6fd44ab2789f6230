"""A crowd in the database: users, sessions, grants and refresh tokens by the million, and more.

Written by SQL straight into the SQLite file of a server that is not running: what the server would
have written, only sooner. Some of the refresh tokens are real, spread over their table, and so are
access tokens of the same grants: a load can use them.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import Table

from doorward.applications.tables import applications
from doorward.grants.tables import grants
from doorward.kit.crypto import Sealer, hash_token
from doorward.kit.ids import new_ordered_id
from doorward.oidc.bearer import AccessToken, new_refresh_token, seal_access_token
from doorward.oidc.tables import NO_CONTEXT, refresh_tokens
from doorward.resources.tables import resources
from doorward.sessions.tables import sessions
from doorward.settings import Settings
from doorward.users.tables import users

TENANT = "default"
SCOPE = "openid profile offline_access"
FORTNIGHT = 14 * 86_400_000
HALF_YEAR = 180 * 86_400_000
REAL_TOKENS = 20_000
SIGN_IN_EVERY = 10
"""Milliseconds."""
_A_ROW = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {count}) "
_RANDOM_ID = "substr(hex(randomblob(11)), 1, 21)"
_RANDOM_HASH = "lower(hex(randomblob(32)))"


class Size(msgspec.Struct, frozen=True):
    """How many of each. Every session has one grant, and every grant one refresh token."""

    users: int = 1_000_000
    sessions: int = 5_000_000
    applications: int = 10_000
    resources: int = 1_000


@dataclass(frozen=True)
class RealTokens:
    """Values that the server accepts, in no order."""

    refresh: tuple[str, ...]
    access: tuple[str, ...]


def fill(directory: Path, *, client_id: str, size: Size) -> RealTokens:
    """Fill the database of the server whose data is in `directory`; return tokens of a client."""
    now = int(time.time() * 1000)
    sealer = Sealer(Settings(data_dir=directory).master_key())
    with contextlib.closing(_open(directory / "doorward.sqlite")) as db:
        _add_users(db, size, now=now)
        _add_configuration(db, size, now=now)
        tokens = _add_tokens(db, size, client_id=client_id, sealer=sealer, now=now)
        db.execute("ANALYZE")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return tokens


def expire(directory: Path, *, count: int, client_id: str, size: Size) -> None:
    """Add grants with refresh tokens for the sweep, of anybody: they began one after the other half
    a year ago, as many a second as people sign in, and so they have ended."""
    now = int(time.time() * 1000)
    began = datetime.fromtimestamp((now - HALF_YEAR) / 1000, UTC)
    with contextlib.closing(_open(directory / "doorward.sqlite")) as db:
        db.execute("CREATE TEMP TABLE gone (id TEXT, age INTEGER, user_id TEXT, session_id TEXT)")
        db.executemany(
            f"INSERT INTO gone VALUES (?, ?, ?, {_RANDOM_ID})",
            (
                (
                    new_ordered_id(began - timedelta(milliseconds=age)),
                    age,
                    f"c{random.randrange(size.users):011d}",
                )
                for age in range(1, count * SIGN_IN_EVERY, SIGN_IN_EVERY)
            ),
        )
        lapsed = {
            "session_id": "session_id",
            "created_at": f"{now} - {HALF_YEAR} - age",
            "expires_at": f"{now} - age",
        }
        tables = (
            (grants, _grant(client_id, id_="id", user_id="user_id") | lapsed),
            (refresh_tokens, _token(client_id, grant_id="id", user_id="user_id", now=now)),
        )
        for table, columns in tables:
            _insert(db, table, columns, source="FROM gone")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -4000000", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _add_users(db: sqlite3.Connection, size: Size, *, now: int) -> None:
    columns = {
        "id": "printf('c%011d', i)",
        "username": "printf('crowd%d', i)",
        "primary_email": "printf('crowd%d@example.com', i)",
        "is_password_expired": "0",
        "name": "printf('Crowd %d', i)",
        "profile": "'{}'",
        "custom_data": "'{}'",
        "is_suspended": "0",
        "created_at": f"{now} - i",
        "updated_at": f"{now} - i",
    }
    _insert(db, users, columns, source="FROM n", count=size.users)


def _add_configuration(db: sqlite3.Connection, size: Size, *, now: int) -> None:
    columns = {
        "id": "printf('a%020d', i)",
        "name": "printf('Application %d', i)",
        "type": "'Traditional'",
        "oidc_client_metadata": '\'{"redirectUris":[],"postLogoutRedirectUris":[]}\'',
        "custom_client_metadata": "'{}'",
        "custom_data": "'{}'",
        "is_third_party": "0",
        "created_at": f"{now} - i",
    }
    _insert(db, applications, columns, source="FROM n", count=size.applications)
    columns = {
        "id": "printf('r%020d', i)",
        "name": "printf('Resource %d', i)",
        "indicator": "printf('https://%d.example/api', i)",
        "is_default": "0",
        "access_token_ttl": "3600",
        "access_token_format": "'jwt'",
        "authorization_details_types": "'[]'",
    }
    _insert(db, resources, columns, source="FROM n", count=size.resources)


def _add_tokens(
    db: sqlite3.Connection, size: Size, *, client_id: str, sealer: Sealer, now: int
) -> RealTokens:
    # 1. Who has which session: ids first, for sessions, grants and tokens refer to each other.
    db.execute(
        f"CREATE TEMP TABLE pairs AS {_A_ROW.format(count=size.sessions)}"
        f"SELECT printf('c%011d', i % {size.users}) AS user_id, {_RANDOM_ID} AS session_id, "
        f"{_RANDOM_ID} AS grant_id, CAST(NULL AS TEXT) AS hash FROM n"
    )

    # 2. Some tokens that are worth something, anywhere in the table.
    chosen = db.execute(f"SELECT grant_id, user_id FROM pairs LIMIT {REAL_TOKENS}").fetchall()
    refresh = {id_: new_refresh_token(id_, tenant_id=TENANT, sealer=sealer) for id_, _ in chosen}
    db.execute("CREATE TEMP TABLE real (grant_id TEXT PRIMARY KEY, refresh TEXT)")
    db.executemany(
        "INSERT INTO real VALUES (?, ?)",
        [(id_, hash_token(token)) for id_, token in refresh.items()],
    )
    issued_at = datetime.fromtimestamp(now / 1000, UTC)
    access = [
        AccessToken(
            client_id=client_id,
            scope=SCOPE,
            issued_at=issued_at,
            expires_at=issued_at + timedelta(milliseconds=FORTNIGHT),
            context=NO_CONTEXT,
            user_id=user_id,
            grant_id=grant_id,
            authenticated_at=issued_at,
        )
        for grant_id, user_id in chosen
    ]

    # 3. In the order of the primary keys, which is how a B-tree is filled fastest.
    session = {
        "id": "session_id",
        "token_hash": _RANDOM_HASH,
        "user_id": "user_id",
        "authenticated_at": str(now),
        "amr": "'[\"pwd\"]'",
        "created_at": str(now),
        "expires_at": f"{now} + {FORTNIGHT}",
    }
    _insert(db, sessions, session, source="FROM pairs ORDER BY session_id")
    grant = _grant(client_id, id_="grant_id", user_id="user_id") | {
        "session_id": "session_id",
        "created_at": str(now),
        "expires_at": f"{now} + {HALF_YEAR}",
    }
    _insert(db, grants, grant, source="FROM pairs ORDER BY grant_id")
    token = _token(client_id, grant_id="pairs.grant_id", user_id="pairs.user_id", now=now)
    token |= {
        "token_hash": f"coalesce(real.refresh, {_RANDOM_HASH})",
        "expires_at": f"{now} + {FORTNIGHT}",
    }
    _insert(
        db,
        refresh_tokens,
        token,
        source="FROM pairs LEFT JOIN real USING (grant_id) ORDER BY grant_id",
    )
    return RealTokens(
        refresh=_shuffled(refresh.values()),
        access=_shuffled(seal_access_token(a, tenant_id=TENANT, sealer=sealer) for a in access),
    )


def _grant(client_id: str, *, id_: str, user_id: str) -> dict[str, str]:
    return {"id": id_, "user_id": user_id, "client_id": f"'{client_id}'", "is_offline": "1"}


def _token(client_id: str, *, grant_id: str, user_id: str, now: int) -> dict[str, str]:
    """The columns of a refresh token that expired a moment ago."""
    return {
        "grant_id": grant_id,
        "token_hash": _RANDOM_HASH,
        "client_id": f"'{client_id}'",
        "user_id": user_id,
        "scope": f"'{SCOPE}'",
        "resources": "'[]'",
        "context": "'{}'",
        "authenticated_at": str(now),
        "issued_at": str(now),
        "expires_at": f"{now} - 1",
        "family_expires_at": f"{now} + {HALF_YEAR}",
    }


def _insert(
    db: sqlite3.Connection,
    table: Table,
    columns: Mapping[str, str],
    *,
    source: str,
    count: int = 0,
) -> None:
    """INSERT INTO table SELECT columns; what the table does not have is left out."""
    here = {name: sql for name, sql in columns.items() if name in table.c}
    missing = [
        column.name
        for column in table.c
        if not column.nullable and column.name not in here and column.name != "tenant_id"
    ]
    if missing:
        raise ValueError(f"{table.name} needs {missing}")
    numbers = _A_ROW.format(count=count) if count else ""
    db.execute(
        f"INSERT INTO {table.name} (tenant_id, {', '.join(here)}) "
        f"{numbers}SELECT '{TENANT}', {', '.join(here.values())} {source}"
    )


def _shuffled(tokens: Iterable[str]) -> tuple[str, ...]:
    values = list(tokens)
    random.shuffle(values)
    return tuple(values)
