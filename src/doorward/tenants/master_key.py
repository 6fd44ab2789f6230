"""Whether the master key is the one that sealed what the database holds.

A database comes without its key: a backup does not hold it. A key that is made up beside a database
that has been sealed before would open nothing, and hide that the right one is missing.
"""

from __future__ import annotations

from doorward.errors import ConfigurationError
from doorward.keys.store import SEAL_PURPOSE, find_sealed_key
from doorward.kit.crypto import Sealer, UnsealError
from doorward.settings import Settings
from doorward.storage import Database
from doorward.tenants.seed import DEFAULT_TENANT


async def open_sealer(db: Database, *, settings: Settings) -> Sealer:
    """Return the sealer of this database; the first time, its master key is generated.

    Raises:
        ConfigurationError: the master key is missing, or is not that of the database.
    """
    await check_master_key(db, settings=settings)
    return Sealer(settings.master_key())


async def check_master_key(db: Database, *, settings: Settings) -> None:
    """Open one signing key of the database, if it holds any; write nothing.

    Raises:
        ConfigurationError: the master key is missing, or is not that of the database.
    """
    sealed = await find_sealed_key(db, tenant_id=DEFAULT_TENANT)
    if sealed is None:
        return
    key = settings.find_master_key()
    if key is None:
        raise ConfigurationError(
            "there is no master key, but the database is sealed with one: put back "
            f"{settings.key_path}, or set DOORWARD_SECRET_KEY"
        )
    try:
        Sealer(key).unseal(sealed, purpose=SEAL_PURPOSE)
    except UnsealError as error:
        place = "DOORWARD_SECRET_KEY" if settings.secret_key else str(settings.key_path)
        raise ConfigurationError(
            f"this master key does not open the database: put back the {place} that sealed it"
        ) from error
