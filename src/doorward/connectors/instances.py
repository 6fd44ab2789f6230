"""Creating, changing and removing a connector: the rules that the API and the console share.

What may be configured: one instance of a connector, one connector for each (target, platform), a
configuration that its form accepts, and a name and logo of one's own only for the generic
("standard") connectors, which also need a target of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from doorward.connectors import store
from doorward.connectors.forms import check_config
from doorward.connectors.protocol import ConnectorMetadata, ConnectorType
from doorward.connectors.registry import find_connector_factory
from doorward.connectors.store import Connector
from doorward.errors import NotFound, RequestError
from doorward.kit.crypto import Sealer
from doorward.kit.ids import CONNECTOR_ID_LENGTH, new_id
from doorward.storage import Executor, Transaction, UniqueViolation

ForgetTarget = Callable[..., Awaitable[None]]
"""`await forget_target(tx, tenant_id=..., target=...)`: take a target out of sign-in settings."""


class NewConnector(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector is made of; without an `id` it gets one."""

    factory_id: str
    id: str | None = None
    config: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    sync_profile: bool = False
    enable_token_storage: bool = False


def metadata_of(connector: Connector) -> ConnectorMetadata:
    """Return the description of an instance, with its own target, name and logo.

    Raises:
        RequestError: 422 connector.not_found_with_connector_id, it is not installed any more.
    """
    return effective_metadata(_get_metadata(connector.factory_id), connector.metadata)


def effective_metadata(base: ConnectorMetadata, own: Mapping[str, Any]) -> ConnectorMetadata:
    """Return a connector's description with what an instance says differently."""
    return msgspec.structs.replace(
        base,
        target=own.get("target") or base.target,
        name=(own.get("name") or {}).get("en") or base.name,
        logo=own.get("logo") or base.logo,
        logo_dark=own.get("logoDark") or base.logo_dark,
    )


async def create_connector(
    tx: Transaction, *, tenant_id: str, new: NewConnector, sealer: Sealer, now: datetime
) -> Connector:
    """Store a new connector; a new mail or SMS connector takes the place of the old one.

    Raises:
        RequestError: 422 connector.not_found_with_connector_id, .multiple_instances_not_supported,
            .multiple_target_with_same_platform, .token_storage_not_supported,
            .invalid_type_for_syncing_profile, entity.unique_integrity_violation (the id is taken);
            400 connector.should_specify_target,
            .cannot_overwrite_metadata_for_non_standard_connector, .invalid_config.
    """
    # 1. What it is, and whether it may be set up like this.
    base = _get_metadata(new.factory_id)
    _check_metadata(base, new.metadata)
    if base.is_standard and not (new.metadata or {}).get("target"):
        raise RequestError("connector.should_specify_target")
    _check_options(
        base, sync_profile=new.sync_profile, enable_token_storage=new.enable_token_storage
    )
    if new.config is not None:
        check_config(base.form, new.config)

    # 2. Whether there is room for it beside the others.
    metadata = new.metadata or {}
    others = await store.list_connectors(tx, tenant_id=tenant_id, sealer=sealer)
    if base.type is ConnectorType.SOCIAL:
        if not base.is_standard and any(other.factory_id == base.id for other in others):
            raise RequestError("connector.multiple_instances_not_supported", status=422)
        _check_target(effective_metadata(base, metadata), others)
    else:
        await _remove_type(tx, tenant_id=tenant_id, type_=base.type, others=others)

    # 3. Store it.
    connector = Connector(
        id=new.id or new_id(CONNECTOR_ID_LENGTH),
        factory_id=base.id,
        config=new.config or {},
        metadata=metadata,
        sync_profile=new.sync_profile,
        enable_token_storage=new.enable_token_storage,
        created_at=now,
    )
    try:
        await store.add_connector(tx, tenant_id=tenant_id, connector=connector, sealer=sealer)
    except UniqueViolation as error:
        raise RequestError("entity.unique_integrity_violation", status=422) from error
    return connector


async def change_connector(
    tx: Transaction,
    *,
    tenant_id: str,
    connector_id: str,
    sealer: Sealer,
    config: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    sync_profile: bool | None = None,
    enable_token_storage: bool | None = None,
) -> Connector:
    """Replace what is not None and return the connector as it is now.

    Raises:
        NotFound: there is none with this id.
        RequestError: as for `create_connector`; 400 connector.can_not_modify_target.
    """
    known = await store.get_connector(
        tx, tenant_id=tenant_id, connector_id=connector_id, sealer=sealer
    )
    base = _get_metadata(known.factory_id)
    _check_metadata(base, metadata)
    if metadata is not None and metadata.get("target", known.metadata.get("target")) != (
        known.metadata.get("target")
    ):
        # Identities of users are kept by target: another one would orphan them.
        raise RequestError("connector.can_not_modify_target")
    _check_options(
        base, sync_profile=bool(sync_profile), enable_token_storage=bool(enable_token_storage)
    )
    if config is not None:
        check_config(base.form, config)
    connector = msgspec.structs.replace(
        known,
        config=known.config if config is None else config,
        metadata=known.metadata if metadata is None else {**known.metadata, **metadata},
        sync_profile=known.sync_profile if sync_profile is None else sync_profile,
        enable_token_storage=(
            known.enable_token_storage if enable_token_storage is None else enable_token_storage
        ),
    )
    await store.update_connector(tx, tenant_id=tenant_id, connector=connector, sealer=sealer)
    return connector


async def remove_connector(
    tx: Transaction,
    *,
    tenant_id: str,
    connector_id: str,
    sealer: Sealer,
    forget_target: ForgetTarget,
) -> Connector:
    """Delete a connector; the last of a target leaves the sign-in settings too.

    Users keep their identities at the provider: set up again, the connector knows them.

    Raises:
        NotFound: there is none with this id.
    """
    connector = await store.get_connector(
        tx, tenant_id=tenant_id, connector_id=connector_id, sealer=sealer
    )
    if not await store.delete_connector(tx, tenant_id=tenant_id, connector_id=connector_id):
        raise NotFound("connectors", connector_id)
    target = target_of(connector)
    others = await store.list_connectors(tx, tenant_id=tenant_id, sealer=sealer)
    if target is not None and target not in {target_of(other) for other in others}:
        await forget_target(tx, tenant_id=tenant_id, target=target)
    return connector


async def list_social_targets(db: Executor, *, tenant_id: str, sealer: Sealer) -> list[str]:
    """Return the targets of the tenant's social connectors."""
    connectors = await store.list_connectors(db, tenant_id=tenant_id, sealer=sealer)
    targets = (target_of(connector) for connector in connectors)
    return sorted({target for target in targets if target is not None})


def target_of(connector: Connector) -> str | None:
    """Return the target of a social connector; None for others and for those not installed."""
    factory = find_connector_factory(connector.factory_id)
    if factory is None or factory.metadata.type is not ConnectorType.SOCIAL:
        return None
    return effective_metadata(factory.metadata, connector.metadata).target


def _get_metadata(factory_id: str) -> ConnectorMetadata:
    factory = find_connector_factory(factory_id)
    if factory is None:
        raise RequestError("connector.not_found_with_connector_id", status=422)
    return factory.metadata


def _check_metadata(base: ConnectorMetadata, own: Mapping[str, Any] | None) -> None:
    if own and not base.is_standard:
        raise RequestError("connector.cannot_overwrite_metadata_for_non_standard_connector")


def _check_options(
    base: ConnectorMetadata, *, sync_profile: bool, enable_token_storage: bool
) -> None:
    if sync_profile and base.type is not ConnectorType.SOCIAL:
        raise RequestError("connector.invalid_type_for_syncing_profile", status=422)
    if enable_token_storage and not base.is_token_storage_supported:
        raise RequestError("connector.token_storage_not_supported", status=422)


def _check_target(metadata: ConnectorMetadata, others: list[Connector]) -> None:
    for other in others:
        factory = find_connector_factory(other.factory_id)
        if factory is None:
            continue
        theirs = effective_metadata(factory.metadata, other.metadata)
        if (theirs.target, theirs.platform) == (metadata.target, metadata.platform):
            raise RequestError(
                "connector.multiple_target_with_same_platform",
                status=422,
                data={"connectorId": other.id, "connectorName": {"en": theirs.name}},
            )


async def _remove_type(
    tx: Transaction, *, tenant_id: str, type_: ConnectorType, others: list[Connector]
) -> None:
    for other in others:
        factory = find_connector_factory(other.factory_id)
        if factory is not None and factory.metadata.type is type_:
            await store.delete_connector(tx, tenant_id=tenant_id, connector_id=other.id)
