"""/api/users: the accounts. Passwords, identities and roles are in files of their own."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.params import Parameter, QueryParameter
from msgspec import UNSET

from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.management.body import JsonObject, changes_of, null_if_empty, or_default
from doorward.management.guard import Caller
from doorward.management.paging import PAGE_HEADERS, Paging, paged, provide_paging
from doorward.management.search import is_yes, provide_search
from doorward.sign_in_experience.cached import current_experience
from doorward.storage import Database, Snapshots
from doorward.storage.search import Search
from doorward.users import accounts, store
from doorward.users.accounts import get_user
from doorward.users.api.identities import identities_by_user, show_account
from doorward.users.api.views import (
    CreateUser,
    NameConflictsView,
    NameConflictView,
    SetSuspended,
    UpdateCustomData,
    UpdateProfile,
    UpdateUser,
    UserProfile,
    UserView,
    stored_profile,
    view_user,
)
from doorward.users.imported_digests import check_imported, is_imported
from doorward.users.passwords import PasswordDigest, Passwords
from doorward.users.registration import NewUser
from doorward.users.registration import create_user as register_user

_SEARCHED = ("id", "primaryEmail", "primaryPhone", "username", "name")
_SUPPORTED_DIGESTS = {"Argon2id": "$argon2id$", "Argon2i": "$argon2i$", "Argon2d": "$argon2d$"}

WithPasswordHash = Annotated[str | None, QueryParameter(name="includePasswordHash")]
WithSsoIdentities = Annotated[str | None, QueryParameter(name="includeSsoIdentities")]


@get(
    "/api/users",
    tags=["Users"],
    dependencies={
        "paging": Provide(provide_paging, sync_to_thread=False),
        "search": Provide(provide_search(*_SEARCHED), sync_to_thread=False),
    },
    response_headers=PAGE_HEADERS,
)
async def list_users(
    request: Request[Any, Any, Any],
    db: Database,
    edge: Edge,
    paging: Paging,
    search: Search,
    exclude_role_id: Annotated[str | None, QueryParameter(name="excludeRoleId")] = None,
    exclude_organization_id: Annotated[
        str | None, QueryParameter(name="excludeOrganizationId")
    ] = None,
    include_password_hash: WithPasswordHash = None,
) -> Response[list[UserView]]:
    """List users, newest first."""
    if exclude_role_id is not None and exclude_organization_id is not None:
        raise RequestError(
            "request.invalid_input",
            interpolation={"details": "excludeRoleId and excludeOrganizationId exclude each other"},
        )
    listing = await store.list_users(
        db,
        tenant_id=edge.tenant_id,
        where=store.UserFilter(search=search, excluded_role_id=exclude_role_id),
        window=paging.window,
    )
    identities = await identities_by_user(db, edge.tenant_id, listing.entries)
    views = [
        view_user(
            user, identities.get(user.id, ()), with_password_hash=is_yes(include_password_hash)
        )
        for user in listing.entries
    ]
    return paged(views, request=request, edge=edge, paging=paging, total=listing.total)


@post("/api/users", tags=["Users"], status_code=200)
async def create_user(
    data: CreateUser,
    db: Database,
    edge: Edge,
    snapshots: Snapshots,
    passwords: Passwords,
    clock: Clock,
) -> UserView:
    """Make a user; the sign-up rules and the password policy do not apply."""
    # 1. Hashing takes long, so it is done before the transaction.
    password = await _password_digest(data, passwords)

    # 2. The user, with what the reference lets an administrator set besides.
    experience = await current_experience(await snapshots.current(edge.tenant_id))
    async with db.transaction(edge.tenant_id) as tx:
        user = await register_user(
            tx,
            tenant_id=edge.tenant_id,
            new_user=NewUser(
                username=null_if_empty(data.username),
                primary_email=null_if_empty(data.primary_email),
                primary_phone=null_if_empty(data.primary_phone),
                password=password,
                name=null_if_empty(data.name),
                avatar=null_if_empty(data.avatar),
            ),
            experience=experience,
            now=clock.now(),
        )
        await store.update_user(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user.id,
            now=user.created_at,
            custom_data=or_default(data.custom_data, {}),
            profile=stored_profile(data.profile),
        )
        user = await get_user(tx, tenant_id=edge.tenant_id, user_id=user.id)
    return view_user(user, ())


@get("/api/users/{user_id:str}", tags=["Users"])
async def show_user(
    user_id: str,
    db: Database,
    edge: Edge,
    include_sso_identities: WithSsoIdentities = None,
    include_password_hash: WithPasswordHash = None,
) -> UserView:
    """Show a user."""
    user = await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    identities = await store.list_identities(db, tenant_id=edge.tenant_id, user_id=user_id)
    view = view_user(user, identities, with_password_hash=is_yes(include_password_hash))
    if is_yes(include_sso_identities):
        view.sso_identities = []
    return view


@patch("/api/users/{user_id:str}", tags=["Users"])
async def update_user(
    user_id: str, data: UpdateUser, db: Database, edge: Edge, snapshots: Snapshots, clock: Clock
) -> UserView:
    """Change a user."""
    changes = changes_of(data)
    if "profile" in changes:
        changes["profile"] = stored_profile(changes["profile"])
    experience = await current_experience(await snapshots.current(edge.tenant_id))
    async with db.transaction(edge.tenant_id) as tx:
        user = await accounts.update_account(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            changes=changes,
            is_case_sensitive=experience.username_policy.case_sensitive,
            now=clock.now(),
        )
        return await show_account(tx, edge, user)


@delete("/api/users/{user_id:str}", tags=["Users"])
async def delete_user(user_id: str, db: Database, edge: Edge, caller: Caller, clock: Clock) -> None:
    """Delete a user; every session and token ends."""
    if caller.is_user(edge.tenant_id, user_id):
        raise RequestError("user.cannot_delete_self")
    async with db.transaction(edge.tenant_id) as tx:
        await accounts.delete_account(
            tx, tenant_id=edge.tenant_id, user_id=user_id, now=clock.now()
        )


@get("/api/users/{user_id:str}/custom-data", tags=["Users"])
async def show_custom_data(user_id: str, db: Database, edge: Edge) -> JsonObject:
    """Show the custom data of a user."""
    return (await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)).custom_data


@patch("/api/users/{user_id:str}/custom-data", tags=["Users"])
async def update_custom_data(
    user_id: str, data: UpdateCustomData, db: Database, edge: Edge, clock: Clock
) -> JsonObject:
    """Merge members into the custom data of a user."""
    async with db.transaction(edge.tenant_id) as tx:
        return await accounts.merge_into_account(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            column="custom_data",
            members=data.custom_data,
            now=clock.now(),
        )


@patch("/api/users/{user_id:str}/profile", tags=["Users"])
async def update_profile(
    user_id: str, data: UpdateProfile, db: Database, edge: Edge, clock: Clock
) -> UserProfile:
    """Merge claims into the profile of a user; an address is replaced whole."""
    async with db.transaction(edge.tenant_id) as tx:
        merged = await accounts.merge_into_account(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            column="profile",
            members=stored_profile(data.profile),
            now=clock.now(),
        )
    return msgspec.convert(merged, UserProfile)


@patch("/api/users/{user_id:str}/is-suspended", tags=["Users"])
async def set_suspended(
    user_id: str, data: SetSuspended, db: Database, edge: Edge, clock: Clock
) -> UserView:
    """Suspend a user, which ends every session and token, or lift the suspension."""
    async with db.transaction(edge.tenant_id) as tx:
        user = await accounts.set_suspended(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            is_suspended=data.is_suspended,
            now=clock.now(),
        )
        return await show_account(tx, edge, user)


@get(
    "/api/sign-in-exp/username-policy/case-sensitivity-conflicts",
    tags=["Sign-in experience"],
)
async def list_name_conflicts(
    db: Database,
    edge: Edge,
    limit: Annotated[int, Parameter(ge=1, le=100)] = 20,
) -> NameConflictsView:
    """List user names that would clash if case no longer counted."""
    total, samples = await store.list_name_conflicts(db, tenant_id=edge.tenant_id, limit=limit)
    return NameConflictsView(
        total_conflicts=total,
        samples=[
            NameConflictView(username_lower=name, user_ids=list(ids)) for name, ids in samples
        ],
    )


async def _password_digest(data: CreateUser, passwords: Passwords) -> PasswordDigest | None:
    """Return what to store as the password of a new user.

    Raises:
        RequestError: 400 user.password_and_digest, user.password_algorithm_required,
            password.unsupported_encryption_method, password.invalid_legacy_password_format,
            password.unsupported_legacy_hash_algorithm.
    """
    if data.password is not UNSET and data.password_digest is not UNSET:
        raise RequestError("user.password_and_digest")
    if data.password is not UNSET:
        return await passwords.hash(data.password)
    if data.password_digest is UNSET:
        return None
    if data.password_algorithm is UNSET:
        raise RequestError("user.password_algorithm_required")
    digest = PasswordDigest(digest=data.password_digest, algorithm=data.password_algorithm)
    if is_imported(digest.algorithm):
        check_imported(digest.digest, digest.algorithm)
        return digest
    prefix = _SUPPORTED_DIGESTS.get(data.password_algorithm)
    if prefix is None or not data.password_digest.startswith(prefix):
        raise RequestError(
            "password.unsupported_encryption_method",
            interpolation={"name": data.password_algorithm},
        )
    return digest


USER_HANDLERS = (
    list_users,
    create_user,
    show_user,
    update_user,
    delete_user,
    show_custom_data,
    update_custom_data,
    update_profile,
    set_suspended,
    list_name_conflicts,
)
