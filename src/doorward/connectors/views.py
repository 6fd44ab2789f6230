"""Connectors as clients of the management API see them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from doorward.connectors.instances import metadata_of
from doorward.connectors.protocol import ConnectorMetadata, FormField
from doorward.connectors.store import Connector
from doorward.kit.static_files import StaticFiles
from doorward.management.body import JsonObject, View


class FormItem(View):
    """A field of the set-up form."""

    key: str
    type: str
    label: str
    required: bool
    is_confidential: bool | UnsetType = UNSET
    placeholder: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    default_value: Any | UnsetType = UNSET
    select_items: list[dict[str, str]] | UnsetType = UNSET


class ConnectorFactoryView(View):
    """A connector that can be set up."""

    id: str
    type: str
    target: str
    platform: str | None
    name: dict[str, str]
    description: dict[str, str]
    logo: str
    logo_dark: str | None
    readme: str
    form_items: list[FormItem]
    is_standard: bool
    is_demo: bool
    is_token_storage_supported: bool


class ConnectorView(ConnectorFactoryView):
    """A connector that is set up; `connector_id` is the id of its factory."""

    connector_id: str
    config: JsonObject
    metadata: JsonObject
    sync_profile: bool
    enable_token_storage: bool


def factory_view(
    metadata: ConnectorMetadata, *, static: StaticFiles, endpoint: str
) -> ConnectorFactoryView:
    """Return the view of a connector that can be set up."""
    return ConnectorFactoryView(**_members(metadata, static=static, endpoint=endpoint))


def connector_view(connector: Connector, *, static: StaticFiles, endpoint: str) -> ConnectorView:
    """Return the view of a connector that is set up, its configuration in clear.

    Raises:
        RequestError: 422 connector.not_found_with_connector_id, it is not installed any more.
    """
    members = _members(metadata_of(connector), static=static, endpoint=endpoint)
    return ConnectorView(
        **members
        | {
            "id": connector.id,
            "connector_id": connector.factory_id,
            "config": connector.config,
            "metadata": connector.metadata,
            "sync_profile": connector.sync_profile,
            "enable_token_storage": connector.enable_token_storage,
        }
    )


def logo_url(logo: str, *, static: StaticFiles, endpoint: str = "") -> str:
    """Return the address of a connector's logo: a static file of ours, or already a URL."""
    return logo if ":" in logo else f"{endpoint}{static.url(logo)}"


def readme_of(metadata: ConnectorMetadata) -> str:
    """Return the steps at the provider as Markdown."""
    lines = [f"# {metadata.name}", "", metadata.description, ""]
    if metadata.portal_url:
        lines += [f"Set up at <{metadata.portal_url}>:", ""]
    steps = (f"{i}. {step.title}: {step.text}" for i, step in enumerate(metadata.steps, 1))
    return "\n".join([*lines, *steps])


def _members(metadata: ConnectorMetadata, *, static: StaticFiles, endpoint: str) -> dict[str, Any]:
    dark = metadata.logo_dark
    return {
        "id": metadata.id,
        "type": metadata.type.value,
        "target": metadata.target,
        "platform": metadata.platform.value if metadata.platform else None,
        "name": {"en": metadata.name},
        "description": {"en": metadata.description},
        "logo": logo_url(metadata.logo, static=static, endpoint=endpoint),
        "logo_dark": logo_url(dark, static=static, endpoint=endpoint) if dark else None,
        "readme": readme_of(metadata),
        "form_items": [_form_item(field) for field in metadata.form],
        "is_standard": metadata.is_standard,
        "is_demo": False,
        "is_token_storage_supported": metadata.is_token_storage_supported,
    }


def _form_item(field: FormField) -> FormItem:
    return FormItem(
        key=field.key,
        type=field.type.value,
        label=field.label,
        required=field.is_required,
        is_confidential=field.is_confidential or UNSET,
        placeholder=field.placeholder or UNSET,
        description=field.description or UNSET,
        default_value=UNSET if field.default is None else field.default,
        select_items=(
            [{"value": option, "title": option} for option in field.options]
            if field.options
            else UNSET
        ),
    )
