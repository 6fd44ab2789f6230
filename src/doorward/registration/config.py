"""What a tenant lets clients register: configuration key `clientRegistration`, closed at first."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from doorward.storage import Executor, Snapshot
from doorward.tenants.store import find_config

KEY = "clientRegistration"


class Mode(StrEnum):
    """Who may register a client."""

    CLOSED = "closed"
    INITIAL_ACCESS_TOKEN = "initialAccessToken"  # noqa: S105 a name
    OPEN = "open"


class StatementIssuer(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody whose software statements are believed, and where the keys are."""

    issuer: str
    jwks_uri: str


class RegistrationConfig(msgspec.Struct, frozen=True, rename="camel"):
    """What a tenant has chosen. `user_scopes` and `resource_scopes` (ids) are what a client that
    registers itself may ask of users; `unused_client_days` 0 means that none is ever cleared."""

    mode: Mode = Mode.CLOSED
    user_scopes: tuple[str, ...] = ("profile", "email")
    resource_scopes: tuple[str, ...] = ()
    software_statement_issuers: tuple[StatementIssuer, ...] = ()
    requires_software_statement: bool = False
    unused_client_days: int = 90

    def look_at(self, now: datetime) -> datetime | None:
        """Return when to look whether a client that is used now still is."""
        if not self.unused_client_days:
            return None
        return now + timedelta(days=self.unused_client_days)


def parse_config(value: Any) -> RegistrationConfig:
    """Return the configuration that is stored; what is not stored is as at first."""
    return msgspec.convert(value or {}, RegistrationConfig)


async def find_registration_config(db: Executor, *, tenant_id: str) -> RegistrationConfig:
    """Return what the tenant has chosen."""
    return parse_config(await find_config(db, tenant_id=tenant_id, key=KEY))


async def current_config(snapshot: Snapshot) -> RegistrationConfig:
    """Return the same from the configuration snapshot."""

    async def load() -> RegistrationConfig:
        return await find_registration_config(snapshot.db, tenant_id=snapshot.tenant_id)

    return await snapshot.get(KEY, load)
