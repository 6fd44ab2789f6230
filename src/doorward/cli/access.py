"""`doorward admin create`, `token` and `keys`: ways in for the operator on the host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from doorward.errors import ConfigurationError
from doorward.kit.jose import ALGORITHMS
from doorward.settings import Settings

if TYPE_CHECKING:
    from doorward.errors import RequestError
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


@keys.command("list")
@click.option("--tenant", default="default", show_default=True)
def list_keys(tenant: str) -> None:
    """List the keys of a tenant: set, status, algorithm, when each signs, kid."""
    click.echo(_with_database(lambda _settings, db: _list(db, tenant)))


@keys.command("rotate")
@click.option("--tenant", default="default", show_default=True)
@click.option(
    "--algorithm",
    type=click.Choice(ALGORITHMS),
    help="Of the new key. Default: that of the current one.",
)
@click.option(
    "--set",
    "key_set",
    default="default",
    show_default=True,
    help="Which keys to rotate: an algorithm names those that applications ask for.",
)
@click.option(
    "--grace",
    type=click.IntRange(0, 31_536_000),
    default=3600,
    show_default=True,
    help="Seconds for which the new key is published before it signs; 0 signs at once, and "
    "clients that cached the old keys may fail.",
)
def rotate(tenant: str, algorithm: str | None, key_set: str, grace: int) -> None:
    """Publish a new key and sign with it after a grace period; tokens of the old one stay valid.

    A next key that is waiting is replaced, unless the grace period is 0.
    """
    kid = _with_database(
        lambda settings, db: _rotate(settings, db, tenant, algorithm, key_set, grace)
    )
    when = f"in {grace} seconds" if grace else "now"
    click.echo(f"tenant {tenant} signs {when} with key {kid}")


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
    from doorward.storage import open_database
    from doorward.storage.migrate import migrate
    from doorward.tenants.master_key import open_sealer
    from doorward.tenants.seed import seed

    await migrate(settings)
    db = await open_database(settings)
    try:
        sealer = await open_sealer(db, settings=settings)
        await seed(db, sealer=sealer, clock=SystemClock())
        yield db
    finally:
        await db.close()


async def _create(settings: Settings, db: Database, username: str, password: str) -> str:
    from doorward.errors import RequestError
    from doorward.kit.clock import SystemClock
    from doorward.users.administrators import create_administrator

    try:
        return await create_administrator(
            db, settings=settings, username=username, password=password, now=SystemClock().now()
        )
    except RequestError as error:
        raise ConfigurationError(_words(error)) from error


def _words(error: RequestError) -> str:
    """Return a refusal in the words of the API and, for a password, the reasons in the pages'."""
    from doorward.kit.i18n import FALLBACK, Catalogues
    from doorward.management.errors import TEXTS, error_body

    body = error_body(error, TEXTS.get(FALLBACK))
    reasons = Catalogues([("doorward.sign_in", "locales")]).get(FALLBACK)
    issues = body.data if isinstance(body.data, list) else []
    told = (reasons.text(issue["code"], **issue.get("interpolation", {})) for issue in issues)
    return " ".join([body.message, *told])


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


async def _list(db: Database, tenant: str) -> str:
    from doorward.keys import store
    from doorward.keys.timeline import newest_first, statuses
    from doorward.kit.clock import SystemClock

    stored = await store.list_keys(db, tenant_id=tenant)
    if not stored:
        raise ConfigurationError(f"there is no tenant {tenant!r}")
    status = statuses(stored, now=SystemClock().now())
    return "\n".join(
        f"{key.key_set:8} {status[key.id]:8} {key.algorithm:6} "
        f"{_minute(key.active_from)} - {_minute(key.active_until)}  {key.id}"
        for key in newest_first(stored)
    )


def _minute(moment: datetime | None) -> str:
    return "open".ljust(17) if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"


async def _rotate(
    settings: Settings, db: Database, tenant: str, algorithm: str | None, key_set: str, grace: int
) -> str:
    from doorward.errors import RequestError
    from doorward.keys.rotation import rotate_keys
    from doorward.keys.store import list_keys
    from doorward.keys.timeline import DEFAULT_SET, current_of, key_sets
    from doorward.kit.clock import SystemClock
    from doorward.kit.crypto import Sealer

    clock = SystemClock()
    stored = await list_keys(db, tenant_id=tenant)
    if not stored:
        raise ConfigurationError(f"there is no tenant {tenant!r}")
    line = key_sets(stored).get(key_set)
    if line is None:
        raise ConfigurationError(f"there is no key set {key_set!r}")
    if key_set != DEFAULT_SET and algorithm not in {None, key_set}:
        raise ConfigurationError(f"the key set {key_set!r} keeps its algorithm")
    try:
        async with db.transaction(tenant) as tx:
            return await rotate_keys(
                tx,
                tenant_id=tenant,
                algorithm=algorithm or current_of(line, now=clock.now()).algorithm,
                sealer=Sealer(settings.master_key()),
                clock=clock,
                grace=timedelta(seconds=grace),
                key_set=key_set,
            )
    except RequestError as error:
        raise ConfigurationError(
            "a next key is waiting: give --grace 1 or more to replace it"
        ) from error
