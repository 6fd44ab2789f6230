"""/api/configs/client-registration: who may register clients, and with which tokens."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from msgspec import UNSET, Meta, UnsetType

from doorward.applications.consent_scopes import check_assignable
from doorward.applications.consent_scopes_api import UserScope
from doorward.errors import RequestError
from doorward.kit.clock import Clock, from_milliseconds, to_milliseconds
from doorward.kit.edge import Edge
from doorward.management.body import (
    Body,
    EntityId,
    Milliseconds,
    View,
    changes_of,
    custom_issue,
    invalid_input,
)
from doorward.registration import rules, store
from doorward.registration.config import (
    KEY,
    Mode,
    RegistrationConfig,
    StatementIssuer,
    find_registration_config,
    parse_config,
)
from doorward.registration.tables import InitialAccessToken
from doorward.storage import Database, config_changed
from doorward.tenants.store import save_config

_PATH = "/api/configs/client-registration"
_TOKENS = f"{_PATH}/initial-access-tokens"

HttpsUrl = Annotated[str, Meta(pattern=r"^https://[^\s/?#]+([/?#]\S*)?$", max_length=2048)]


class StatementIssuerBody(Body):
    """Somebody whose software statements are believed, and where the keys are."""

    issuer: Annotated[str, Meta(min_length=1, max_length=2048)]
    jwks_uri: HttpsUrl


class RegistrationConfigView(View):
    """Who may register clients. `userScopes` and `resourceScopes` (ids): what such a client may ask
    of users. `unusedClientDays`: after so many days without a user it goes; 0 for never."""

    mode: Mode
    user_scopes: list[str]
    resource_scopes: list[str]
    software_statement_issuers: list[StatementIssuerBody]
    requires_software_statement: bool
    unused_client_days: int


class UpdateRegistrationConfig(Body):
    """What changes; the rest stays."""

    mode: Mode | UnsetType = UNSET
    user_scopes: Annotated[list[UserScope], Meta(max_length=20)] | UnsetType = UNSET
    resource_scopes: Annotated[list[EntityId], Meta(max_length=200)] | UnsetType = UNSET
    software_statement_issuers: (
        Annotated[list[StatementIssuerBody], Meta(max_length=50)] | UnsetType
    ) = UNSET
    requires_software_statement: bool | UnsetType = UNSET
    unused_client_days: Annotated[int, Meta(ge=0, le=3650)] | UnsetType = UNSET


class CreateInitialAccessToken(Body):
    """A new token: good for `uses` registrations (null: any number), until `expiresAt`
    (milliseconds; null: for good)."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    uses: Annotated[int, Meta(ge=1, le=1_000_000)] | None = 1
    expires_at: Milliseconds | None = None


class InitialAccessTokenView(View):
    """An initial access token. `value` is shown once, when it is made."""

    id: str
    name: str
    remaining_uses: int | None
    expires_at: int | None
    created_at: int
    value: str | UnsetType = UNSET


@get(_PATH, tags=["Configs"])
async def show_registration_config(db: Database, edge: Edge) -> RegistrationConfigView:
    """Show who may register clients."""
    return _view(await find_registration_config(db, tenant_id=edge.tenant_id))


@patch(_PATH, tags=["Configs"])
async def update_registration_config(
    data: UpdateRegistrationConfig, db: Database, edge: Edge, clock: Clock
) -> RegistrationConfigView:
    """Choose who may register clients, and what these may ask of users."""
    tenant_id = edge.tenant_id
    changes: dict[str, Any] = changes_of(data)
    async with db.transaction(tenant_id) as tx:
        await config_changed(tx, tenant_id)
        known = await find_registration_config(tx, tenant_id=tenant_id)
        value = msgspec.to_builtins(known) | {
            name: msgspec.to_builtins(one) for name, one in _wire_names(changes).items()
        }
        config = parse_config(value)
        await check_assignable(
            tx,
            tenant_id=tenant_id,
            user_scopes=config.user_scopes,
            resource_scope_ids=list(config.resource_scopes) if data.resource_scopes else [],
            organization_scope_ids=[],
        )
        await save_config(tx, tenant_id=tenant_id, key=KEY, value=value, now=clock.now())
    return _view(config)


@get(_TOKENS, tags=["Configs"])
async def list_initial_access_tokens(db: Database, edge: Edge) -> list[InitialAccessTokenView]:
    """List the initial access tokens, without their values, newest first."""
    tokens = await store.list_initial_access_tokens(db, tenant_id=edge.tenant_id)
    return [_view_token(token) for token in tokens]


@post(_TOKENS, tags=["Configs"], status_code=201)
async def create_initial_access_token(
    data: CreateInitialAccessToken, db: Database, edge: Edge, clock: Clock
) -> InitialAccessTokenView:
    """Make an initial access token. Its value is in this answer, and nowhere else ever."""
    now = clock.now()
    expires_at = None if data.expires_at is None else from_milliseconds(data.expires_at)
    if expires_at is not None and expires_at <= now:
        raise invalid_input("body", issues=[custom_issue("expiresAt", "must be in the future")])
    async with db.transaction(edge.tenant_id) as tx:
        value, token = await rules.create_initial_access_token(
            tx,
            tenant_id=edge.tenant_id,
            name=data.name,
            uses=data.uses,
            expires_at=expires_at,
            now=now,
        )
    view = _view_token(token)
    view.value = value
    return view


@delete(f"{_TOKENS}/{{token_id:str}}", tags=["Configs"])
async def delete_initial_access_token(token_id: str, db: Database, edge: Edge) -> None:
    """Delete an initial access token; clients that were registered with it stay."""
    async with db.transaction(edge.tenant_id) as tx:
        if not await store.delete_initial_access_token(
            tx, tenant_id=edge.tenant_id, token_id=token_id
        ):
            raise RequestError("entity.not_found", status=404)


def _wire_names(changes: dict[str, Any]) -> dict[str, Any]:
    names = {f.name: f.encode_name for f in msgspec.structs.fields(RegistrationConfig)}
    return {names[name]: value for name, value in changes.items()}


def _view(config: RegistrationConfig) -> RegistrationConfigView:
    return RegistrationConfigView(
        mode=config.mode,
        user_scopes=list(config.user_scopes),
        resource_scopes=list(config.resource_scopes),
        software_statement_issuers=[_view_issuer(one) for one in config.software_statement_issuers],
        requires_software_statement=config.requires_software_statement,
        unused_client_days=config.unused_client_days,
    )


def _view_issuer(issuer: StatementIssuer) -> StatementIssuerBody:
    return StatementIssuerBody(issuer=issuer.issuer, jwks_uri=issuer.jwks_uri)


def _view_token(token: InitialAccessToken) -> InitialAccessTokenView:
    return InitialAccessTokenView(
        id=token.id,
        name=token.name,
        remaining_uses=token.remaining_uses,
        expires_at=None if token.expires_at is None else to_milliseconds(token.expires_at),
        created_at=to_milliseconds(token.created_at),
    )


HANDLERS = (
    show_registration_config,
    update_registration_config,
    list_initial_access_tokens,
    create_initial_access_token,
    delete_initial_access_token,
)
