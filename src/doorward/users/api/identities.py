"""/api/users/{id}/identities: who a user is at social providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from doorward.connectors.cached import find_social_connector_by_id
from doorward.errors import NotFound, RequestError
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpClient
from doorward.management.body import or_default
from doorward.management.errors import refusals
from doorward.storage import Database, Executor, Snapshots
from doorward.users import accounts, store
from doorward.users.accounts import get_user
from doorward.users.api.views import (
    AllIdentities,
    FoundIdentity,
    IdentityView,
    LinkIdentity,
    SetIdentity,
    TargetedIdentity,
    UserView,
    view_identities,
    view_identity,
    view_user,
)
from doorward.users.registration import social_identity
from doorward.users.tables import Identity, User


@get("/api/users/{user_id:str}/all-identities", tags=["Users"])
async def list_all_identities(user_id: str, db: Database, edge: Edge) -> AllIdentities:
    """List every identity of a user."""
    await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    found = await store.list_identities(db, tenant_id=edge.tenant_id, user_id=user_id)
    return AllIdentities(
        social_identities=[
            TargetedIdentity(identity=view_identity(one), target=one.target) for one in found
        ],
        sso_identities=[],
    )


@get("/api/users/{user_id:str}/identities/{target:str}", tags=["Users"])
async def show_identity(user_id: str, target: str, db: Database, edge: Edge) -> FoundIdentity:
    """Show the social identity of a user at a provider."""
    await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    for identity in await store.list_identities(db, tenant_id=edge.tenant_id, user_id=user_id):
        if identity.target == target:
            return FoundIdentity(identity=view_identity(identity))
    raise RequestError("user.identity_not_exist", status=404)


@post(
    "/api/users/{user_id:str}/identities",
    tags=["Users"],
    status_code=200,
    responses=refusals({429: "The provider has been asked too often; try again later."}),
)
async def link_identity(
    user_id: str,
    data: LinkIdentity,
    db: Database,
    edge: Edge,
    clock: Clock,
    snapshots: Snapshots,
    sealer: Sealer,
    http: HttpClient,
) -> dict[str, IdentityView]:
    """Link whoever came back from a provider to a user, in place of one of the same provider.

    It is the second half of POST /api/connectors/{id}/authorization-uri; the caller has compared
    the state.
    """
    # 1. Who is to be linked, by which connector?
    tenant_id = edge.tenant_id
    await get_user(db, tenant_id=tenant_id, user_id=user_id)
    snapshot = await snapshots.current(tenant_id)
    connector = await find_social_connector_by_id(snapshot, data.connector_id, sealer=sealer)
    if connector is None:
        raise NotFound("connectors", data.connector_id)
    params = {name: value for name, value in data.connector_data.items() if isinstance(value, str)}
    redirect_uri = params.pop("redirectUri", None)
    if not redirect_uri:
        raise RequestError("session.insufficient_info")

    # 2. Who is it? The provider is asked before the transaction begins.
    person = await connector.connector.fetch_identity(
        connector.config, http=http, params=params, redirect_uri=redirect_uri
    )
    identity = social_identity(
        connector.target,
        id_=person.id,
        name=person.name,
        avatar=person.avatar,
        email=person.verified_email,
        raw=person.raw,
    )

    # 3. Nobody else may have it.
    async with db.transaction(tenant_id) as tx:
        owned = identity.owned_by(user_id, since=clock.now())
        await accounts.set_identity(tx, tenant_id=tenant_id, identity=owned)
        found = await store.list_identities(tx, tenant_id=tenant_id, user_id=user_id)
    return view_identities(found)


@put(
    "/api/users/{user_id:str}/identities/{target:str}",
    tags=["Users"],
    responses={
        201: ResponseSpec(
            dict[str, IdentityView], description="It was not linked.", generate_examples=False
        )
    },
)
async def set_identity(
    user_id: str,
    target: Annotated[str, Parameter(max_length=128)],
    data: SetIdentity,
    db: Database,
    edge: Edge,
    clock: Clock,
) -> Response[dict[str, IdentityView]]:
    """Link a social identity to a user, in place of one of the same provider."""
    async with db.transaction(edge.tenant_id) as tx:
        is_new = await accounts.set_identity(
            tx,
            tenant_id=edge.tenant_id,
            identity=Identity(
                user_id=user_id,
                target=target,
                identity_id=data.user_id,
                details=or_default(data.details, {}),
                created_at=clock.now(),
            ),
        )
        found = await store.list_identities(tx, tenant_id=edge.tenant_id, user_id=user_id)
    return Response(view_identities(found), status_code=201 if is_new else 200)


@delete("/api/users/{user_id:str}/identities/{target:str}", tags=["Users"], status_code=200)
async def remove_identity(user_id: str, target: str, db: Database, edge: Edge) -> UserView:
    """Unlink the social identity of a user at a provider."""
    async with db.transaction(edge.tenant_id) as tx:
        user = await accounts.remove_identity(
            tx, tenant_id=edge.tenant_id, user_id=user_id, target=target
        )
        return await show_account(tx, edge, user)


async def identities_by_user(
    db: Executor, tenant_id: str, users: Sequence[User]
) -> dict[str, list[Identity]]:
    """Return the identities of the users of a page, by user id."""
    by_user: dict[str, list[Identity]] = {}
    ids = [user.id for user in users]
    for identity in await store.list_identities_of_users(db, tenant_id=tenant_id, user_ids=ids):
        by_user.setdefault(identity.user_id, []).append(identity)
    return by_user


async def show_account(db: Executor, edge: Edge, user: User) -> UserView:
    """Return a user with identities, as the API shows it."""
    identities = await store.list_identities(db, tenant_id=edge.tenant_id, user_id=user.id)
    return view_user(user, identities)


IDENTITY_HANDLERS = (
    list_all_identities,
    show_identity,
    link_identity,
    set_identity,
    remove_identity,
)
