"""/api/configs: the settings of a tenant that the product acts on."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import get, patch, put
from msgspec import UNSET, UnsetType

from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.management.body import Body, JsonObject, changes_of
from doorward.storage import Database, config_changed
from doorward.tenants.request_policy import KEY as REQUEST_POLICY_KEY
from doorward.tenants.request_policy import RequestPolicy
from doorward.tenants.store import find_config, save_config

CLAIMS_KEY = "idToken"
CONSOLE_KEY = "adminConsole"

ExtendedClaim = Literal[
    "custom_data",
    "identities",
    "sso_identities",
    "roles",
    "organizations",
    "organization_data",
    "organization_roles",
]


class IdTokenConfig(Body, omit_defaults=True):
    """Which claims beyond the standard ones go into ID tokens."""

    enabled_extended_claims: list[ExtendedClaim] | UnsetType = UNSET


class AdminConsoleConfig(Body):
    """What the console remembers of its first steps."""

    sign_in_experience_customized: bool = False
    organization_created: bool = False


class UpdateAdminConsole(Body):
    """What changes; the rest stays."""

    sign_in_experience_customized: bool | UnsetType = UNSET
    organization_created: bool | UnsetType = UNSET


class UpdateRequestPolicy(Body):
    """What changes; the rest stays."""

    require_pushed_authorization_requests: bool | UnsetType = UNSET
    require_signed_request_object: bool | UnsetType = UNSET


@get("/api/configs/id-token", tags=["Configs"])
async def show_id_token_config(db: Database, edge: Edge) -> IdTokenConfig:
    """Show which claims go into ID tokens."""
    value = await find_config(db, tenant_id=edge.tenant_id, key=CLAIMS_KEY)
    return msgspec.convert(value or {}, IdTokenConfig)


@put("/api/configs/id-token", tags=["Configs"])
async def replace_id_token_config(
    data: IdTokenConfig, db: Database, edge: Edge, clock: Clock
) -> IdTokenConfig:
    """Choose which claims go into ID tokens."""
    await _save(db, edge, clock, key=CLAIMS_KEY, value=msgspec.to_builtins(data))
    return data


@get("/api/configs/admin-console", tags=["Configs"])
async def show_admin_console_config(db: Database, edge: Edge) -> AdminConsoleConfig:
    """Show what the console remembers."""
    value = await find_config(db, tenant_id=edge.tenant_id, key=CONSOLE_KEY)
    return msgspec.convert(value or {}, AdminConsoleConfig)


@patch("/api/configs/admin-console", tags=["Configs"])
async def update_admin_console_config(
    data: UpdateAdminConsole, db: Database, edge: Edge, clock: Clock
) -> AdminConsoleConfig:
    """Change what the console remembers."""
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        value: JsonObject = await find_config(tx, tenant_id=edge.tenant_id, key=CONSOLE_KEY) or {}
        changed = msgspec.structs.replace(
            msgspec.convert(value, AdminConsoleConfig), **changes_of(data)
        )
        await save_config(
            tx,
            tenant_id=edge.tenant_id,
            key=CONSOLE_KEY,
            value={**value, **msgspec.to_builtins(changed)},
            now=clock.now(),
        )
    return changed


@get("/api/configs/authorization-requests", tags=["Configs"])
async def show_request_policy(db: Database, edge: Edge) -> RequestPolicy:
    """Show what is demanded of all authorization requests."""
    value = await find_config(db, tenant_id=edge.tenant_id, key=REQUEST_POLICY_KEY)
    return msgspec.convert(value or {}, RequestPolicy)


@patch("/api/configs/authorization-requests", tags=["Configs"])
async def update_request_policy(
    data: UpdateRequestPolicy, db: Database, edge: Edge, clock: Clock
) -> RequestPolicy:
    """Demand that authorization requests are pushed (RFC 9126) or signed (RFC 9101), or stop
    demanding it."""
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        value = await find_config(tx, tenant_id=edge.tenant_id, key=REQUEST_POLICY_KEY)
        changed = msgspec.structs.replace(
            msgspec.convert(value or {}, RequestPolicy), **changes_of(data)
        )
        await save_config(
            tx,
            tenant_id=edge.tenant_id,
            key=REQUEST_POLICY_KEY,
            value=msgspec.to_builtins(changed),
            now=clock.now(),
        )
    return changed


async def _save(db: Database, edge: Edge, clock: Clock, *, key: str, value: Any) -> None:
    async with db.transaction(edge.tenant_id) as tx:
        await config_changed(tx, edge.tenant_id)
        await save_config(tx, tenant_id=edge.tenant_id, key=key, value=value, now=clock.now())


HANDLERS = (
    show_id_token_config,
    replace_id_token_config,
    show_admin_console_config,
    update_admin_console_config,
    show_request_policy,
    update_request_policy,
)
