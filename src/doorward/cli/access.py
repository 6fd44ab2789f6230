"""`doorward admin create`, `token` and `keys rotate`: ways in for the operator on the host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from doorward.errors import ConfigurationError
from doorward.kit.jose import ALGORITHMS
from doorward.settings import Settings

if TYPE_CHECKING:
    from doorward.storage import Database

TOKEN_LIFETIME = 600
"""Seconds for which a token of `doorward token` is valid."""


@click.group()
def admin() -> None:
    """Administrators of the console."""


@admin.command("create")
@click.argument("username")
@click.password_option(help="Asked for when it is not given.")
def create_administrator(username: str, password: str) -> None:
    """Create an administrator called USERNAME, also when registration is closed."""
    user_id = _with_database(lambda settings, db: _create(settings, db, username, password))
    click.echo(f"created administrator {username} ({user_id})")


@click.command()
@click.option("--tenant", default="default", show_default=True, help="Tenant to manage.")
def token(tenant: str) -> None:
    """Print a management API access token of a tenant, valid for ten minutes."""
    click.echo(_with_database(lambda settings, db: _issue_token(settings, db, tenant)))


@click.group()
def keys() -> None:
    """Signing keys."""


@keys.command("rotate")
@click.option("--tenant", default="default", show_default=True)
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="ES256", show_default=True)
def rotate(tenant: str, algorithm: str) -> None:
    """Sign with a new key from now on; tokens of the old one stay valid."""
    kid = _with_database(lambda settings, db: _rotate(settings, db, tenant, algorithm))
    click.echo(f"tenant {tenant} now signs with {algorithm} key {kid}")


def _with_database(work: Callable[[Settings, Database], Awaitable[str]]) -> str:
    async def run() -> str:
        settings = Settings.from_environment()
        async with _database(settings) as db:
            return await work(settings, db)

    return asyncio.run(run())


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """Open a database that is migrated and seeded, as a first start would."""
    from doorward.kit.clock import SystemClock
    from doorward.kit.crypto import Sealer
    from doorward.storage import open_database
    from doorward.storage.migrate import migrate
    from doorward.tenants.seed import seed

    await migrate(settings)
    db = await open_database(settings)
    try:
        await seed(db, sealer=Sealer(settings.master_key()), clock=SystemClock())
        yield db
    finally:
        await db.close()


async def _create(settings: Settings, db: Database, username: str, password: str) -> str:
    from doorward.kit.clock import SystemClock
    from doorward.users.administrators import create_administrator

    return await create_administrator(
        db, settings=settings, username=username, password=password, now=SystemClock().now()
    )


async def _issue_token(settings: Settings, db: Database, tenant: str) -> str:
    from doorward.applications.store import find_application
    from doorward.audit.store import record
    from doorward.keys.ring import current_keys
    from doorward.kit.clock import SystemClock
    from doorward.kit.crypto import Sealer
    from doorward.kit.ids import new_id
    from doorward.storage import Snapshots
    from doorward.tenants.seed import ADMIN_TENANT, MANAGEMENT_SCOPE, management_indicator

    # The tenant's own machine application stands behind the token, so that disabling it counts.
    client_id = f"m-{tenant}"
    if await find_application(db, tenant_id=ADMIN_TENANT, application_id=client_id) is None:
        raise ConfigurationError(f"there is no tenant {tenant!r} with a machine application")
    clock = SystemClock()
    snapshot = await Snapshots(db).current(ADMIN_TENANT)
    ring = await current_keys(snapshot, sealer=Sealer(settings.master_key()))
    now = clock.seconds()
    claims = {
        "jti": new_id(),
        "iss": f"{settings.admin_endpoint}/oidc",
        "sub": client_id,
        "client_id": client_id,
        "aud": management_indicator(tenant),
        "scope": MANAGEMENT_SCOPE,
        "iat": now,
        "exp": now + TOKEN_LIFETIME,
    }
    async with db.transaction(ADMIN_TENANT) as tx:
        await record(
            tx,
            tenant_id=ADMIN_TENANT,
            key="ExchangeTokenBy.ClientCredentials",
            edge=None,
            at=clock.now(),
            application_id=client_id,
            params={"issuedBy": "doorward token", "tenant": tenant},
        )
    return ring.current.encode(claims, typ="at+jwt")


async def _rotate(settings: Settings, db: Database, tenant: str, algorithm: str) -> str:
    from doorward.keys.rotation import rotate_keys
    from doorward.keys.store import list_keys
    from doorward.kit.clock import SystemClock
    from doorward.kit.crypto import Sealer

    if not await list_keys(db, tenant_id=tenant):
        raise ConfigurationError(f"there is no tenant {tenant!r}")
    async with db.transaction(tenant) as tx:
        return await rotate_keys(
            tx,
            tenant_id=tenant,
            algorithm=algorithm,
            sealer=Sealer(settings.master_key()),
            clock=SystemClock(),
        )
