"""Making, changing and ending a client that registers itself. `oidc` has checked what it asks for.

Each of the three is gated by a token, in the transaction that does it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from doorward.applications import rules as applications
from doorward.applications import store as application_store
from doorward.applications.requested_metadata import RequestedClient
from doorward.applications.tables import Application
from doorward.applications.types import DEFAULT_SECRET_NAME, has_secrets
from doorward.consents.store import (
    add_resource_scope,
    add_user_scope,
    forget_consents_to,
)
from doorward.kit.crypto import Sealer, hash_token, is_equal
from doorward.kit.ids import new_id, new_secret, new_token
from doorward.registration import store
from doorward.registration.config import RegistrationConfig
from doorward.registration.tables import InitialAccessToken, RegisteredClient
from doorward.resources.store import list_scopes_by_id
from doorward.storage import Executor, Transaction, config_changed

UNNAMED = "Registered application"
TOKEN_PREFIX = "rat_"  # noqa: S105 a mark, not a secret
INITIAL_TOKEN_PREFIX = "iat_"  # noqa: S105 a mark, not a secret


class Registration(msgspec.Struct, frozen=True):
    """What its developer is told once: the client, its new secret if any, and its token."""

    application: Application
    secret: str | None
    token: str


async def create_initial_access_token(
    tx: Transaction,
    *,
    tenant_id: str,
    name: str,
    uses: int | None,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[str, InitialAccessToken]:
    """Make an initial access token; return its value, which is stored nowhere, and the token.

    `uses` is the number of registrations it is good for; None: any number.
    """
    value = INITIAL_TOKEN_PREFIX + new_token()
    token = InitialAccessToken(
        id=new_id(),
        name=name,
        token_hash=hash_token(value),
        remaining_uses=uses,
        expires_at=expires_at,
        created_at=now,
    )
    await store.add_initial_access_token(tx, tenant_id=tenant_id, token=token)
    return value, token


async def register(
    tx: Transaction,
    *,
    tenant_id: str,
    client: RequestedClient,
    config: RegistrationConfig,
    sealer: Sealer,
    now: datetime,
) -> Registration:
    """Store a new client."""
    # 1. The application, of a third party.
    application = Application(
        id=new_id(),
        name=client.name or UNNAMED,
        description=None,
        type=client.type,
        oidc_client_metadata=client.oidc_client_metadata,
        custom_client_metadata={},
        custom_data={},
        is_third_party=True,
        created_at=now,
    )
    await application_store.add_application(tx, tenant_id=tenant_id, application=application)
    secret = await _add_secret(tx, tenant_id, client, application.id, sealer=sealer, now=now)

    # 2. What it may ask of users.
    for user_scope in config.user_scopes:
        await add_user_scope(
            tx, tenant_id=tenant_id, application_id=application.id, user_scope=user_scope
        )
    known = await list_scopes_by_id(tx, tenant_id=tenant_id, ids=list(config.resource_scopes))
    for scope in known:
        await add_resource_scope(
            tx, tenant_id=tenant_id, application_id=application.id, scope_id=scope.id
        )

    # 3. The token that manages it.
    token = _new_token()
    await store.add_registered_client(
        tx,
        tenant_id=tenant_id,
        client=RegisteredClient(
            application_id=application.id,
            token_hash=hash_token(token),
            registered_at=now,
            look_at=config.look_at(now),
        ),
    )
    await config_changed(tx, tenant_id)
    return Registration(application, secret, token)


async def find_managed(
    db: Executor, *, tenant_id: str, client_id: str, token: str
) -> Application | None:
    """Return the client that a token manages; None when it is another's, or of nobody."""
    known = await store.find_registered_client(db, tenant_id=tenant_id, application_id=client_id)
    if known is None or not is_equal(known.token_hash, hash_token(token)):
        return None
    return await application_store.find_application(
        db, tenant_id=tenant_id, application_id=client_id
    )


async def change(
    tx: Transaction,
    *,
    tenant_id: str,
    before: Application,
    client: RequestedClient,
    token: str,
    config: RegistrationConfig,
    sealer: Sealer,
    now: datetime,
) -> Registration | None:
    """Replace what a client says of itself, and its token; None when that was used already."""
    # 1. The gate: the token is good for one change.
    successor = _new_token()
    if not await store.rotate_registration_token(
        tx,
        tenant_id=tenant_id,
        application_id=before.id,
        token_hash=hash_token(token),
        new_token_hash=hash_token(successor),
        look_at=config.look_at(now),
    ):
        return None

    # 2. The application.
    changes: dict[str, Any] = {
        "name": client.name or UNNAMED,
        "type": client.type,
        "oidc_client_metadata": client.oidc_client_metadata,
    }
    await application_store.update_application(
        tx, tenant_id=tenant_id, application_id=before.id, changes=changes
    )

    # 3. A secret, if it needs one now and had none; none, if it needs none.
    secrets = await application_store.list_secrets(
        tx, tenant_id=tenant_id, application_id=before.id
    )
    secret = None
    if client.has_secret and not secrets:
        secret = await _add_secret(tx, tenant_id, client, before.id, sealer=sealer, now=now)
    elif not client.has_secret:
        for known in secrets:
            await application_store.delete_secret(
                tx, tenant_id=tenant_id, application_id=before.id, name=known.name
            )

    # 4. What users allowed, they allowed the client that it was: whoever has stolen a token must
    #    not receive their answers at another address without a page.
    if _face(before) != (changes["name"], client.oidc_client_metadata["redirectUris"]):
        await forget_consents_to(tx, tenant_id=tenant_id, client_id=before.id)
    await config_changed(tx, tenant_id)
    application = msgspec.structs.replace(before, **changes)
    return Registration(application, secret, successor)


async def end(tx: Transaction, *, tenant_id: str, client_id: str, token: str) -> bool:
    """Delete a client with all that users granted to it; False when the token is not its own."""
    if not await store.delete_registered_client(
        tx, tenant_id=tenant_id, application_id=client_id, token_hash=hash_token(token)
    ):
        return False
    await applications.delete_application(tx, tenant_id=tenant_id, application_id=client_id)
    return True


def _face(application: Application) -> tuple[str, list[str]]:
    """Return what people and browsers know a client by."""
    return application.name, application.oidc_client_metadata.get("redirectUris", [])


def _new_token() -> str:
    return TOKEN_PREFIX + new_token()


async def _add_secret(
    tx: Transaction,
    tenant_id: str,
    client: RequestedClient,
    application_id: str,
    *,
    sealer: Sealer,
    now: datetime,
) -> str | None:
    if not client.has_secret or not has_secrets(client.type):
        return None
    secret = new_secret()
    await application_store.add_secret(
        tx,
        tenant_id=tenant_id,
        application_id=application_id,
        name=DEFAULT_SECRET_NAME,
        value=secret,
        sealer=sealer,
        created_at=now,
        expires_at=None,
    )
    return secret
