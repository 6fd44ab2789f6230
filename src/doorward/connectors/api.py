"""/api/connectors and /api/connector-factories."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import delete, get, patch, post
from litestar.params import QueryParameter
from msgspec import UNSET, Meta, UnsetType

from doorward.connectors import instances, store
from doorward.connectors.instances import ForgetTarget, NewConnector
from doorward.connectors.protocol import ConnectorType
from doorward.connectors.registry import connector_factories, find_connector_factory
from doorward.connectors.views import (
    ConnectorFactoryView,
    ConnectorView,
    connector_view,
    factory_view,
)
from doorward.errors import NotFound, RequestError
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.static_files import StaticFiles
from doorward.management.body import Body, JsonObject, View, or_default
from doorward.storage import Database

EntityId = Annotated[str, Meta(min_length=1, max_length=128)]
# The id becomes a segment of the callback URL.
ConnectorId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
Targets = Annotated[
    list[str] | None,
    QueryParameter(name="target", required=False, description="Only connectors of these targets."),
]


class ConnectorName(Body):
    """What a generic connector is called and looks like."""

    target: str | UnsetType = UNSET
    name: dict[str, str] | UnsetType = UNSET
    logo: str | UnsetType = UNSET
    logo_dark: str | UnsetType | None = UNSET


class NewConnectorBody(Body):
    """A connector to set up; `connector_id` names the factory."""

    connector_id: EntityId
    id: ConnectorId | UnsetType = UNSET
    config: JsonObject | UnsetType = UNSET
    metadata: ConnectorName | UnsetType = UNSET
    sync_profile: bool | UnsetType = UNSET
    enable_token_storage: bool | UnsetType = UNSET


class ConnectorChanges(Body):
    """What changes of a connector; `config` is replaced as a whole."""

    config: JsonObject | UnsetType = UNSET
    metadata: ConnectorName | UnsetType = UNSET
    sync_profile: bool | UnsetType = UNSET
    enable_token_storage: bool | UnsetType = UNSET


class AuthorizationBody(Body):
    """Where the provider sends the browser back to, and what it brings along."""

    state: str
    redirect_uri: str


class Authorization(View):
    """Where to send the browser."""

    redirect_to: str


@get("/api/connectors", tags=["Connectors"])
async def list_connectors(
    db: Database, sealer: Sealer, static: StaticFiles, edge: Edge, targets: Targets = None
) -> list[ConnectorView]:
    """List the connectors that are set up."""
    found = await store.list_connectors(db, tenant_id=edge.tenant_id, sealer=sealer)
    views = [
        connector_view(connector, static=static, endpoint=edge.endpoint)
        for connector in found
        if find_connector_factory(connector.factory_id) is not None
    ]
    return [view for view in views if not targets or view.target in targets]


@post("/api/connectors", status_code=200, tags=["Connectors"])
async def create_connector(
    data: NewConnectorBody,
    db: Database,
    sealer: Sealer,
    static: StaticFiles,
    clock: Clock,
    edge: Edge,
) -> ConnectorView:
    """Set up a connector."""
    new = NewConnector(
        factory_id=data.connector_id,
        id=or_default(data.id, None),
        config=or_default(data.config, None),
        metadata=_metadata(data.metadata),
        sync_profile=or_default(data.sync_profile, False),
        enable_token_storage=or_default(data.enable_token_storage, False),
    )
    async with db.transaction(edge.tenant_id) as tx:
        connector = await instances.create_connector(
            tx, tenant_id=edge.tenant_id, new=new, sealer=sealer, now=clock.now()
        )
    return connector_view(connector, static=static, endpoint=edge.endpoint)


@get("/api/connectors/{connector_id:str}", tags=["Connectors"])
async def get_connector(
    connector_id: str, db: Database, sealer: Sealer, static: StaticFiles, edge: Edge
) -> ConnectorView:
    """Return a connector with its configuration."""
    connector = await store.get_connector(
        db, tenant_id=edge.tenant_id, connector_id=connector_id, sealer=sealer
    )
    return connector_view(connector, static=static, endpoint=edge.endpoint)


@patch("/api/connectors/{connector_id:str}", tags=["Connectors"])
async def change_connector(
    connector_id: str,
    data: ConnectorChanges,
    db: Database,
    sealer: Sealer,
    static: StaticFiles,
    edge: Edge,
) -> ConnectorView:
    """Change a connector; the configuration is replaced as a whole."""
    async with db.transaction(edge.tenant_id) as tx:
        connector = await instances.change_connector(
            tx,
            tenant_id=edge.tenant_id,
            connector_id=connector_id,
            sealer=sealer,
            config=or_default(data.config, None),
            metadata=_metadata(data.metadata),
            sync_profile=or_default(data.sync_profile, None),
            enable_token_storage=or_default(data.enable_token_storage, None),
        )
    return connector_view(connector, static=static, endpoint=edge.endpoint)


@delete("/api/connectors/{connector_id:str}", tags=["Connectors"])
async def delete_connector(
    connector_id: str,
    db: Database,
    sealer: Sealer,
    edge: Edge,
    forget_social_target: ForgetTarget,
) -> None:
    """Remove a connector; sign-in pages stop offering it."""
    async with db.transaction(edge.tenant_id) as tx:
        await instances.remove_connector(
            tx,
            tenant_id=edge.tenant_id,
            connector_id=connector_id,
            sealer=sealer,
            forget_target=forget_social_target,
        )


@post("/api/connectors/{connector_id:str}/authorization-uri", status_code=200, tags=["Connectors"])
async def create_authorization_uri(
    connector_id: str, data: AuthorizationBody, db: Database, sealer: Sealer, edge: Edge
) -> Authorization:
    """Return where a person consents at the provider of a social connector."""
    if not data.state or not data.redirect_uri:
        raise RequestError("session.insufficient_info")
    connector = await store.get_connector(
        db, tenant_id=edge.tenant_id, connector_id=connector_id, sealer=sealer
    )
    factory = find_connector_factory(connector.factory_id)
    if factory is None or factory.metadata.type is not ConnectorType.SOCIAL:
        raise RequestError("connector.unexpected_type")
    uri = factory.authorization_uri(
        connector.config, state=data.state, redirect_uri=data.redirect_uri
    )
    return Authorization(redirect_to=uri)


@get("/api/connector-factories", tags=["Connector factories"])
async def list_connector_factories(static: StaticFiles, edge: Edge) -> list[ConnectorFactoryView]:
    """List the connectors that can be set up."""
    return [
        factory_view(connector.metadata, static=static, endpoint=edge.endpoint)
        for connector in connector_factories().values()
    ]


@get("/api/connector-factories/{factory_id:str}", tags=["Connector factories"])
async def get_connector_factory(
    factory_id: str, static: StaticFiles, edge: Edge
) -> ConnectorFactoryView:
    """Return a connector that can be set up, with its form and the steps at the provider."""
    factory = find_connector_factory(factory_id)
    if factory is None:
        raise NotFound("connector factories", factory_id)
    return factory_view(factory.metadata, static=static, endpoint=edge.endpoint)


HANDLERS: list[Any] = [
    list_connectors,
    create_connector,
    get_connector,
    change_connector,
    delete_connector,
    create_authorization_uri,
    list_connector_factories,
    get_connector_factory,
]


def _metadata(name: ConnectorName | UnsetType) -> dict[str, Any] | None:
    if name is UNSET:
        return None
    members = {
        "target": name.target,
        "name": name.name,
        "logo": name.logo,
        "logoDark": name.logo_dark,
    }
    return {key: value for key, value in members.items() if value is not UNSET}
