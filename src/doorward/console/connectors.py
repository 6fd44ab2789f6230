"""Connectors: the social ones that are set up, the gallery, setting one up, its settings."""

from __future__ import annotations

from itertools import count
from typing import Any

from litestar import Response, get, post

from doorward.connectors import instances, store
from doorward.connectors.cached import callback_url
from doorward.connectors.forms import list_issues
from doorward.connectors.instances import ForgetTarget, NewConnector
from doorward.connectors.protocol import ConnectorMetadata, ConnectorType, FieldType, FormField
from doorward.connectors.registry import connector_factories, find_connector_factory
from doorward.connectors.store import Connector
from doorward.connectors.views import logo_url
from doorward.console.console import Console
from doorward.console.fields import Errors, refusal_text
from doorward.errors import NotFound, RequestError
from doorward.kit.clock import Clock
from doorward.kit.ids import CONNECTOR_ID_LENGTH
from doorward.sign_in_experience.store import get_experience
from doorward.storage import Database, Executor

PAGE = "/console/connectors"
_ID_PURPOSE = "console.connector_id"


@get([PAGE, f"{PAGE}/social"], include_in_schema=False)
async def show_connectors(console: Console, db: Database) -> Response[str]:
    """List the social connectors that are set up."""
    shown = await _targets_in_use(console, db)
    found = await store.list_connectors(db, tenant_id=console.tenant_id, sealer=console.sealer)
    return console.page(
        "connectors.html",
        connectors=[
            _head(console, connector, shown)
            for connector in found
            if instances.target_of(connector) is not None
        ],
    )


@get(f"{PAGE}/social/gallery", include_in_schema=False)
async def show_gallery(console: Console, db: Database) -> Response[str]:
    """Show the providers that can be set up."""
    found = await store.list_connectors(db, tenant_id=console.tenant_id, sealer=console.sealer)
    added = {connector.factory_id for connector in found}
    return console.page(
        "connector_gallery.html",
        factories=[
            {
                **_factory(console, connector.metadata),
                "description": connector.metadata.description,
                "is_added": connector.metadata.id in added,
            }
            for connector in connector_factories().values()
            if connector.metadata.type is ConnectorType.SOCIAL
        ],
    )


@get(f"{PAGE}/social/new/{{factory_id:str}}", include_in_schema=False)
async def show_setup(console: Console, factory_id: str, db: Database) -> Response[str]:
    """Show the provider's steps beside the form; a connector that is there already is opened."""
    metadata = _get_metadata(factory_id)
    found = await store.list_connectors(db, tenant_id=console.tenant_id, sealer=console.sealer)
    if not metadata.is_standard:
        for connector in found:
            if connector.factory_id == factory_id:
                return console.redirect(f"{PAGE}/{connector.id}")
    values = {field.key: field.default for field in metadata.form if field.default is not None}
    connector_id = _next_id(console, metadata, found)
    return _setup_page(console, metadata, connector_id=connector_id, values=values, errors={})


@post(f"{PAGE}/social/new/{{factory_id:str}}", include_in_schema=False)
async def create_connector(
    console: Console, factory_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Set up a connector under the id that its callback URL was shown with."""
    metadata = _get_metadata(factory_id)
    found = await store.list_connectors(db, tenant_id=console.tenant_id, sealer=console.sealer)
    connector_id = _next_id(console, metadata, found)
    config, values = _typed(console, metadata)
    errors = _check(console, metadata, config)
    form_error = None
    if not errors:
        new = NewConnector(
            factory_id=factory_id, id=connector_id, config=config, sync_profile=False
        )
        try:
            async with db.transaction(console.tenant_id) as tx:
                await instances.create_connector(
                    tx,
                    tenant_id=console.tenant_id,
                    new=new,
                    sealer=console.sealer,
                    now=clock.now(),
                )
                await console.audit(
                    tx, "Connector.Created", at=clock.now(), id=connector_id, factory=factory_id
                )
        except RequestError as error:
            form_error = refusal_text(error)
    if errors or form_error:
        return _setup_page(
            console,
            metadata,
            connector_id=connector_id,
            values=values,
            errors=errors,
            form_error=form_error,
            status=422,
        )
    return console.redirect(
        f"{PAGE}/{connector_id}", toast="toast.connector_created", name=metadata.name
    )


@get(f"{PAGE}/{{connector_id:str}}", include_in_schema=False)
async def show_connector(console: Console, connector_id: str, db: Database) -> Response[str]:
    """Show the settings of a connector."""
    connector = await _get_connector(console, db, connector_id)
    return await _details_page(console, db, connector, values=connector.config, errors={})


@post(f"{PAGE}/{{connector_id:str}}", include_in_schema=False)
async def save_connector(
    console: Console, connector_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Change a connector."""
    connector = await _get_connector(console, db, connector_id)
    metadata = instances.metadata_of(connector)
    config, values = _typed(console, metadata)
    errors = _check(console, metadata, config)
    if errors:
        return await _details_page(console, db, connector, values=values, errors=errors, status=422)
    known = {field.key for field in metadata.form}
    kept = {key: value for key, value in connector.config.items() if key not in known}
    async with db.transaction(console.tenant_id) as tx:
        await instances.change_connector(
            tx,
            tenant_id=console.tenant_id,
            connector_id=connector_id,
            sealer=console.sealer,
            config=kept | config,
            sync_profile=console.form.is_on("sync_profile"),
        )
        await console.audit(tx, "Connector.Updated", at=clock.now(), id=connector_id)
    return console.redirect(f"{PAGE}/{connector_id}", toast="toast.saved")


@post(f"{PAGE}/{{connector_id:str}}/delete", include_in_schema=False)
async def delete_connector(
    console: Console,
    connector_id: str,
    db: Database,
    clock: Clock,
    forget_social_target: ForgetTarget,
) -> Response[str]:
    """Delete a connector; its button leaves the sign-in page."""
    async with db.transaction(console.tenant_id) as tx:
        connector = await instances.remove_connector(
            tx,
            tenant_id=console.tenant_id,
            connector_id=connector_id,
            sealer=console.sealer,
            forget_target=forget_social_target,
        )
        await console.audit(tx, "Connector.Deleted", at=clock.now(), id=connector_id)
    name = instances.metadata_of(connector).name
    return console.redirect(PAGE, toast="toast.deleted", name=name)


def _get_metadata(factory_id: str) -> ConnectorMetadata:
    factory = find_connector_factory(factory_id)
    if factory is None or factory.metadata.type is not ConnectorType.SOCIAL:
        raise NotFound("connector factories", factory_id)
    return factory.metadata


def _next_id(console: Console, metadata: ConnectorMetadata, found: list[Connector]) -> str:
    """Return the id of the provider's next connector: the same until it is set up.

    Its callback URL is registered at the provider first, so that a reload may not change it.
    """
    taken = {connector.id for connector in found}
    ids = (_id_of(console, metadata, number) for number in count())
    return next(connector_id for connector_id in ids if connector_id not in taken)


def _id_of(console: Console, metadata: ConnectorMetadata, number: int) -> str:
    value = f"{console.tenant_id} {metadata.id} {number}"
    signature = console.sealer.sign(value, purpose=_ID_PURPOSE).lower()
    return "".join(filter(str.isalnum, signature))[:CONNECTOR_ID_LENGTH]


async def _get_connector(console: Console, db: Executor, connector_id: str) -> Connector:
    return await store.get_connector(
        db, tenant_id=console.tenant_id, connector_id=connector_id, sealer=console.sealer
    )


async def _targets_in_use(console: Console, db: Executor) -> set[str]:
    stored = await get_experience(db, tenant_id=console.tenant_id)
    return set(stored.document.get("socialSignInConnectorTargets") or ())


def _factory(console: Console, metadata: ConnectorMetadata) -> dict[str, Any]:
    return {
        "id": metadata.id,
        "name": metadata.name,
        "logo_url": logo_url(metadata.logo, static=console.static),
    }


def _head(console: Console, connector: Connector, shown: set[str]) -> dict[str, Any]:
    metadata = instances.metadata_of(connector)
    return {
        **_factory(console, metadata),
        "id": connector.id,
        "target": metadata.target,
        "factory_name": connector.factory_id,
        "is_in_use": metadata.target in shown,
    }


def _steps(metadata: ConnectorMetadata) -> list[dict[str, str | None]]:
    """Return the provider's steps; the first one leads to its portal."""
    return [
        {
            "title": step.title,
            "text": step.text,
            "url": metadata.portal_url if number == 0 else None,
            "url_text": None,
        }
        for number, step in enumerate(metadata.steps)
    ]


def _items(metadata: ConnectorMetadata) -> list[dict[str, Any]]:
    return [
        {
            "key": field.key,
            "label": field.label,
            "type": str(field.type),
            "required": field.is_required,
            "placeholder": field.placeholder,
            "description": field.description or None,
            "is_secret": field.is_confidential,
            "options": [(option, option) for option in field.options],
        }
        for field in metadata.form
    ]


def _typed(console: Console, metadata: ConnectorMetadata) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration that was typed (empty fields left out), and the raw values."""
    config, values = {}, {}
    for field in metadata.form:
        value = _value(console, field)
        values[field.key] = value
        if value not in ("", None):
            config[field.key] = value
    return config, values


def _value(console: Console, field: FormField) -> Any:
    if field.type is FieldType.SWITCH:
        return console.form.is_on(field.key)
    if field.type is FieldType.NUMBER:
        number = console.form.integer(field.key)
        return console.form.text(field.key) if number is None else number
    return console.form.text(field.key)


def _check(console: Console, metadata: ConnectorMetadata, config: dict[str, Any]) -> Errors:
    issues = list_issues(metadata.form, config)
    return {
        key: console.text("error.required") if text == "Required" else text
        for key, text in issues.items()
    }


def _setup_page(
    console: Console,
    metadata: ConnectorMetadata,
    *,
    connector_id: str,
    values: dict[str, Any],
    errors: Errors,
    form_error: str | None = None,
    status: int = 200,
) -> Response[str]:
    return console.page(
        "connector_setup.html",
        status=status,
        factory=_factory(console, metadata),
        steps=_steps(metadata),
        callback_url=callback_url(console.endpoint, connector_id),
        items=_items(metadata),
        values=values,
        errors=errors,
        form_error=form_error,
    )


async def _details_page(
    console: Console,
    db: Database,
    connector: Connector,
    *,
    values: dict[str, Any],
    errors: Errors,
    status: int = 200,
) -> Response[str]:
    metadata = instances.metadata_of(connector)
    is_synced = console.form.is_on("sync_profile") if errors else connector.sync_profile
    return console.page(
        "connector_details.html",
        status=status,
        connector=_head(console, connector, await _targets_in_use(console, db)),
        callback_url=callback_url(console.endpoint, connector.id),
        steps=_steps(metadata),
        items=_items(metadata),
        values=values,
        errors=errors,
        form_error=None,
        sync_profile=is_synced,
    )
