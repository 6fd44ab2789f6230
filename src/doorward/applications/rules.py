"""What an application may be and hold, and what its deletion takes along.

The API and the console call the same functions; each raises the code that the API answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from doorward.applications import store
from doorward.applications.metadata_checks import check_oidc_metadata
from doorward.applications.redirect_uris import find_fault
from doorward.applications.sectors import check_sector
from doorward.applications.tables import Application
from doorward.applications.types import DEFAULT_SECRET_NAME, ApplicationType, has_secrets
from doorward.consents.store import forget_consents_to
from doorward.errors import NotFound, RequestError
from doorward.grants.store import end_grants_of_client
from doorward.kit.crypto import Sealer
from doorward.kit.ids import new_id, new_secret
from doorward.management.body import custom_issue, invalid_input
from doorward.storage import Executor, Transaction, config_changed

_THIRD_PARTY_TYPES = frozenset(
    {ApplicationType.TRADITIONAL, ApplicationType.SPA, ApplicationType.NATIVE}
)
_TYPES_WITH_SECRETS = frozenset(
    {ApplicationType.TRADITIONAL, ApplicationType.MACHINE_TO_MACHINE, ApplicationType.PROTECTED}
)


async def get_application(db: Executor, *, tenant_id: str, application_id: str) -> Application:
    """Return an application.

    Raises:
        NotFound: there is none with this id.
    """
    application = await store.find_application(
        db, tenant_id=tenant_id, application_id=application_id
    )
    if application is None:
        raise NotFound("applications", application_id)
    return application


def check_type(type_: str, *, is_third_party: bool) -> None:
    """Check that an application of this type can be made here.

    Raises:
        RequestError: 400 application.saml.use_saml_app_api,
            application.invalid_third_party_application_type; 501
            application.protected_app_not_configured.
    """
    if type_ == ApplicationType.SAML:
        raise RequestError("application.saml.use_saml_app_api")
    if type_ == ApplicationType.PROTECTED:
        raise RequestError("application.protected_app_not_configured", status=501)
    if is_third_party and type_ not in _THIRD_PARTY_TYPES:
        raise RequestError("application.invalid_third_party_application_type")


def check_redirect_uris(metadata: Mapping[str, Any]) -> None:
    """Check the URIs of `oidcClientMetadata`.

    Raises:
        RequestError: 400 guard.invalid_input, with one issue for each URI that is unusable.
    """
    issues = [
        *_faults("redirectUris", metadata.get("redirectUris", ())),
        *_faults("postLogoutRedirectUris", metadata.get("postLogoutRedirectUris", ())),
    ]
    if issues:
        raise invalid_input("body", issues=issues)


def check_client_metadata(
    metadata: Mapping[str, Any],
    *,
    type_: str,
    is_third_party: bool,
    was_device_flow: bool | None = None,
) -> None:
    """Check `customClientMetadata`; `was_device_flow` is None for a new application.

    Raises:
        RequestError: 400 guard.invalid_input; 422 application.device_flow_native_only,
            application.device_flow_not_changeable,
            application.third_party_application_cannot_enable_token_exchange.
    """
    is_device_flow = bool(metadata.get("isDeviceFlow", False))
    if is_device_flow and type_ != ApplicationType.NATIVE:
        raise RequestError("application.device_flow_native_only", status=422)
    if was_device_flow is not None and is_device_flow != was_device_flow:
        raise RequestError("application.device_flow_not_changeable", status=422)
    # RFC 9700 section 2.1.1: public clients MUST use PKCE, so it is no switch of theirs.
    if metadata.get("requirePkce") is False and not has_secrets(type_):
        message = f"applications of the type {type_} always use PKCE"
        raise invalid_input(
            "body", issues=[custom_issue("customClientMetadata.requirePkce", message)]
        )
    if is_third_party and metadata.get("allowTokenExchange"):
        raise RequestError(
            "application.third_party_application_cannot_enable_token_exchange", status=422
        )


async def create_application(
    tx: Transaction,
    *,
    tenant_id: str,
    name: str,
    type_: str,
    description: str | None,
    oidc_client_metadata: dict[str, Any],
    custom_client_metadata: dict[str, Any],
    custom_data: dict[str, Any],
    is_third_party: bool,
    sealer: Sealer,
    now: datetime,
) -> Application:
    """Store a new application, with a first secret when its type has secrets.

    Raises:
        RequestError: what the checks above raise.
    """
    # 1. May it be?
    check_type(type_, is_third_party=is_third_party)
    check_redirect_uris(oidc_client_metadata)
    check_oidc_metadata(oidc_client_metadata, type_=type_)
    check_sector(oidc_client_metadata)
    check_client_metadata(custom_client_metadata, type_=type_, is_third_party=is_third_party)

    # 2. The row.
    application = Application(
        id=new_id(),
        name=name,
        description=description,
        type=type_,
        oidc_client_metadata=oidc_client_metadata,
        custom_client_metadata=custom_client_metadata,
        custom_data=custom_data,
        is_third_party=is_third_party,
        created_at=now,
    )
    await store.add_application(tx, tenant_id=tenant_id, application=application)

    # 3. Its first secret.
    if type_ in _TYPES_WITH_SECRETS:
        await store.add_secret(
            tx,
            tenant_id=tenant_id,
            application_id=application.id,
            name=DEFAULT_SECRET_NAME,
            value=new_secret(),
            sealer=sealer,
            created_at=now,
            expires_at=None,
        )
    await config_changed(tx, tenant_id)
    return application


async def update_application(
    tx: Transaction, *, tenant_id: str, application_id: str, changes: dict[str, Any]
) -> Application:
    """Set columns of an application and return it; each metadata object is replaced whole.

    Raises:
        NotFound: there is none with this id.
        RequestError: what the checks of both metadata objects raise.
    """
    application = await get_application(tx, tenant_id=tenant_id, application_id=application_id)
    check_redirect_uris(changes.get("oidc_client_metadata", {}))
    if "oidc_client_metadata" in changes:
        check_oidc_metadata(changes["oidc_client_metadata"], type_=application.type)
        check_sector(changes["oidc_client_metadata"], before=application.oidc_client_metadata)
    if "custom_client_metadata" in changes:
        check_client_metadata(
            changes["custom_client_metadata"],
            type_=application.type,
            is_third_party=application.is_third_party,
            was_device_flow=bool(application.custom_client_metadata.get("isDeviceFlow", False)),
        )
    if not changes:
        return application
    await store.update_application(
        tx, tenant_id=tenant_id, application_id=application_id, changes=changes
    )
    await config_changed(tx, tenant_id)
    return await get_application(tx, tenant_id=tenant_id, application_id=application_id)


async def merge_custom_data(
    tx: Transaction, *, tenant_id: str, application_id: str, members: dict[str, Any]
) -> dict[str, Any]:
    """Put members into the custom data of an application and return the whole.

    Raises:
        NotFound: there is none with this id.
    """
    # Counting the change first makes writers of the tenant's configuration take turns.
    await config_changed(tx, tenant_id)
    application = await get_application(tx, tenant_id=tenant_id, application_id=application_id)
    merged = {**application.custom_data, **members}
    await store.update_application(
        tx,
        tenant_id=tenant_id,
        application_id=application_id,
        changes={"custom_data": merged},
    )
    return merged


async def delete_application(tx: Transaction, *, tenant_id: str, application_id: str) -> None:
    """Delete an application with its secrets and roles, and end what users granted to it.

    Raises:
        RequestError: 404 entity.not_found.
    """
    if not await store.delete_application(tx, tenant_id=tenant_id, application_id=application_id):
        raise RequestError("entity.not_found", status=404)
    # Built-in clients have no row, so grants refer to clients by name and not by foreign key.
    await end_grants_of_client(tx, tenant_id=tenant_id, client_id=application_id)
    await forget_consents_to(tx, tenant_id=tenant_id, client_id=application_id)
    await config_changed(tx, tenant_id)


async def create_secret(
    tx: Transaction,
    *,
    tenant_id: str,
    application_id: str,
    name: str,
    expires_at: datetime | None,
    sealer: Sealer,
    now: datetime,
) -> str:
    """Store a new secret and return its value.

    Raises:
        NotFound: there is no such application.
        RequestError: 400 request.invalid_input, it would have expired already; 422
            entity.db_constraint_violated, applications of this type have no secrets.
        UniqueViolation: pk_application_secrets.
    """
    application = await get_application(tx, tenant_id=tenant_id, application_id=application_id)
    if application.type not in _TYPES_WITH_SECRETS:
        raise RequestError("entity.db_constraint_violated", status=422)
    if expires_at is not None and expires_at <= now:
        raise RequestError(
            "request.invalid_input", interpolation={"details": "expiresAt must be in the future"}
        )
    value = new_secret()
    await store.add_secret(
        tx,
        tenant_id=tenant_id,
        application_id=application_id,
        name=name,
        value=value,
        sealer=sealer,
        created_at=now,
        expires_at=expires_at,
    )
    await config_changed(tx, tenant_id)
    return value


async def delete_secret(tx: Transaction, *, tenant_id: str, application_id: str, name: str) -> None:
    """Delete a secret; it stops working at once.

    Raises:
        RequestError: 404 entity.not_found.
    """
    if not await store.delete_secret(
        tx, tenant_id=tenant_id, application_id=application_id, name=name
    ):
        raise RequestError("entity.not_found", status=404)
    await config_changed(tx, tenant_id)


async def rename_secret(
    tx: Transaction, *, tenant_id: str, application_id: str, name: str, new_name: str
) -> None:
    """Give a secret another name.

    Raises:
        RequestError: 404 entity.not_exists.
        UniqueViolation: pk_application_secrets.
    """
    if not await store.rename_secret(
        tx, tenant_id=tenant_id, application_id=application_id, name=name, new_name=new_name
    ):
        raise RequestError("entity.not_exists", status=404, interpolation={"name": "secret"})
    await config_changed(tx, tenant_id)


def _faults(member: str, uris: Iterable[str]) -> list[dict[str, Any]]:
    return [
        custom_issue(f"oidcClientMetadata.{member}[{index}]", f"{uri!r} {fault}")
        for index, uri in enumerate(uris)
        if (fault := find_fault(uri)) is not None
    ]
