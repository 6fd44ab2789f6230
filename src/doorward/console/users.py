"""User management: the list, making a user, one user's profile, identities, suspension."""

from __future__ import annotations

import re
from typing import Any

from litestar import Response, get, post

from doorward.applications.store import find_application
from doorward.console.console import AnyRequest, Console
from doorward.console.fields import Errors, check_text, check_urls, refusal_text
from doorward.console.identities import Providers, identity_rows, known_providers
from doorward.console.lists import list_query
from doorward.console.passwords import check_password
from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.sign_in_experience.cached import current_experience
from doorward.storage import Database, Executor, Snapshots
from doorward.users import accounts, store
from doorward.users.password_policy import UserInfo, policy_view
from doorward.users.passwords import Passwords
from doorward.users.pwned import PwnedPasswords
from doorward.users.registration import NewUser
from doorward.users.registration import create_user as register_user
from doorward.users.store import UserFilter
from doorward.users.tables import User
from doorward.users.username_policy import check_username

PAGE = "/console/users"
MAX_NAME = 128
MAX_AVATAR = 2048
_PROFILE = ("name", "username", "primary_email", "primary_phone", "avatar")
_SEARCHED = ("id", "username", "name", "primaryEmail", "primaryPhone")
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_PHONE = re.compile(r"[0-9]{5,15}")
_FIELD_OF_CODE = {
    "user.username_already_in_use": "username",
    "user.email_already_in_use": "primary_email",
    "user.phone_already_in_use": "primary_phone",
}


@get(PAGE, include_in_schema=False)
async def show_users(
    request: AnyRequest, console: Console, db: Database, snapshots: Snapshots
) -> Response[str]:
    """List the users, newest first."""
    return await _list_page(request, console, db, snapshots, values={}, errors={})


@post(PAGE, include_in_schema=False)
async def create_user(
    request: AnyRequest,
    console: Console,
    db: Database,
    snapshots: Snapshots,
    passwords: Passwords,
    pwned: PwnedPasswords,
    clock: Clock,
) -> Response[str]:
    """Make a user with a user name and a password, by the tenant's policies."""
    form, tenant_id = console.form, console.tenant_id
    experience = await current_experience(await snapshots.current(tenant_id))
    values = {name: form.text(name) for name in ("username", "name")}
    password = form.raw("password")

    # 1. What was typed.
    errors = check_text(console, values, is_required=False, name=MAX_NAME)
    errors |= _check_username(console, values["username"], experience.username_policy)
    errors |= await check_password(
        console,
        password,
        policy=experience.password_policy,
        user_info=UserInfo(username=values["username"], name=values["name"]),
        pwned=pwned,
    )

    # 2. Hashing takes long, so it is done before the transaction.
    if not errors:
        digest = await passwords.hash(password)
        new_user = NewUser(
            username=values["username"], name=values["name"] or None, password=digest
        )
        try:
            async with db.transaction(tenant_id) as tx:
                user = await register_user(
                    tx,
                    tenant_id=tenant_id,
                    new_user=new_user,
                    experience=experience,
                    now=clock.now(),
                )
                await console.audit(tx, "User.Created", at=clock.now(), id=user.id)
        except RequestError as error:
            errors[_FIELD_OF_CODE.get(error.code, "username")] = refusal_text(error)
    if errors:
        return await _list_page(
            request, console, db, snapshots, values=values, errors=errors, status=422
        )
    return console.redirect(
        f"{PAGE}/{user.id}", toast="toast.created", name=values["name"] or values["username"]
    )


@get(f"{PAGE}/{{user_id:str}}", include_in_schema=False)
async def show_user(
    console: Console, user_id: str, db: Database, snapshots: Snapshots
) -> Response[str]:
    """Show one user."""
    user = await accounts.get_user(db, tenant_id=console.tenant_id, user_id=user_id)
    return await _details_page(console, db, snapshots, user, values=_stored(user), errors={})


@post(f"{PAGE}/{{user_id:str}}", include_in_schema=False)
async def save_user(
    console: Console, user_id: str, db: Database, snapshots: Snapshots, clock: Clock
) -> Response[str]:
    """Change the profile of a user."""
    tenant_id = console.tenant_id
    user = await accounts.get_user(db, tenant_id=tenant_id, user_id=user_id)
    experience = await current_experience(await snapshots.current(tenant_id))
    values = {name: console.form.text(name) for name in _PROFILE}
    errors = _check_profile(console, values)
    if values["username"] and values["username"] != user.username:
        errors |= _check_username(console, values["username"], experience.username_policy)
    if not errors:
        try:
            async with db.transaction(tenant_id) as tx:
                await accounts.update_account(
                    tx,
                    tenant_id=tenant_id,
                    user_id=user_id,
                    changes={name: value or None for name, value in values.items()},
                    is_case_sensitive=experience.username_policy.case_sensitive,
                    now=clock.now(),
                )
                await console.audit(tx, "User.Data.Updated", at=clock.now(), id=user_id)
        except RequestError as error:
            if error.code not in _FIELD_OF_CODE:
                raise
            errors[_FIELD_OF_CODE[error.code]] = refusal_text(error)
    if errors:
        return await _details_page(
            console, db, snapshots, user, values=values, errors=errors, status=422
        )
    return console.redirect(f"{PAGE}/{user_id}", toast="toast.saved")


@post(f"{PAGE}/{{user_id:str}}/password", include_in_schema=False)
async def reset_password(
    console: Console,
    user_id: str,
    db: Database,
    snapshots: Snapshots,
    passwords: Passwords,
    pwned: PwnedPasswords,
    clock: Clock,
) -> Response[str]:
    """Give a user a new password."""
    tenant_id = console.tenant_id
    user = await accounts.get_user(db, tenant_id=tenant_id, user_id=user_id)
    experience = await current_experience(await snapshots.current(tenant_id))
    password = console.form.raw("password")
    errors = await check_password(
        console,
        password,
        policy=experience.password_policy,
        user_info=UserInfo(
            username=user.username,
            email=user.primary_email,
            phone=user.primary_phone,
            name=user.name,
        ),
        pwned=pwned,
    )
    if errors:
        return await _details_page(
            console,
            db,
            snapshots,
            user,
            values=_stored(user),
            errors={},
            password_errors=errors,
            status=422,
        )
    digest = await passwords.hash(password)
    async with db.transaction(tenant_id) as tx:
        await accounts.set_password(
            tx, tenant_id=tenant_id, user_id=user_id, password=digest, now=clock.now()
        )
        await console.audit(tx, "User.Password.Updated", at=clock.now(), id=user_id)
    return console.redirect(f"{PAGE}/{user_id}", toast="toast.password_set")


@post(f"{PAGE}/{{user_id:str}}/suspend", include_in_schema=False)
async def suspend_user(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Suspend a user: sessions and tokens end at once."""
    return await _set_suspended(console, db, user_id, is_suspended=True, clock=clock)


@post(f"{PAGE}/{{user_id:str}}/resume", include_in_schema=False)
async def resume_user(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Lift a suspension."""
    return await _set_suspended(console, db, user_id, is_suspended=False, clock=clock)


@post(f"{PAGE}/{{user_id:str}}/delete", include_in_schema=False)
async def delete_user(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Delete a user."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
        user = await accounts.get_user(tx, tenant_id=tenant_id, user_id=user_id)
        await accounts.delete_account(tx, tenant_id=tenant_id, user_id=user_id, now=clock.now())
        await console.audit(tx, "User.Deleted", at=clock.now(), id=user_id)
    return console.redirect(PAGE, toast="toast.deleted", name=name_of(console, user))


@post(f"{PAGE}/{{user_id:str}}/identities/delete", include_in_schema=False)
async def delete_identity(
    console: Console, user_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Unlink a social identity."""
    target = console.form.text("target")
    async with db.transaction(console.tenant_id) as tx:
        await accounts.remove_identity(
            tx, tenant_id=console.tenant_id, user_id=user_id, target=target
        )
        await console.audit(tx, "User.Data.Updated", at=clock.now(), id=user_id, unlinked=target)
    return console.redirect(f"{PAGE}/{user_id}", toast="toast.removed")


def name_of(console: Console, user: User) -> str:
    """Return what a user is called."""
    return user.name or user.username or user.primary_email or console.text("users.unnamed")


def _stored(user: User) -> dict[str, str]:
    return {name: getattr(user, name) or "" for name in _PROFILE}


def _check_profile(console: Console, values: dict[str, str]) -> Errors:
    errors = check_text(
        console,
        values,
        is_required=False,
        name=MAX_NAME,
        username=MAX_NAME,
        primary_email=MAX_NAME,
        avatar=MAX_AVATAR,
    )
    errors |= check_urls(console, values, "avatar")
    if (
        values["primary_email"]
        and "primary_email" not in errors
        and not _EMAIL.fullmatch(values["primary_email"])
    ):
        errors["primary_email"] = console.text("error.email")
    if values["primary_phone"] and not _PHONE.fullmatch(values["primary_phone"]):
        errors["primary_phone"] = console.text("error.phone")
    return errors


def _check_username(console: Console, username: str, policy: Any) -> Errors:
    try:
        check_username(username, policy)
    except RequestError as error:
        is_missing = error.code == "user.username_required"
        return {"username": console.text("error.required") if is_missing else refusal_text(error)}
    return {}


async def _set_suspended(
    console: Console, db: Database, user_id: str, *, is_suspended: bool, clock: Clock
) -> Response[str]:
    async with db.transaction(console.tenant_id) as tx:
        await accounts.set_suspended(
            tx,
            tenant_id=console.tenant_id,
            user_id=user_id,
            is_suspended=is_suspended,
            now=clock.now(),
        )
        await console.audit(
            tx,
            "User.SuspensionStatus.Updated",
            at=clock.now(),
            id=user_id,
            isSuspended=is_suspended,
        )
    toast = "toast.suspended" if is_suspended else "toast.resumed"
    return console.redirect(f"{PAGE}/{user_id}", toast=toast)


async def _list_page(
    request: AnyRequest,
    console: Console,
    db: Database,
    snapshots: Snapshots,
    *,
    values: dict[str, str],
    errors: Errors,
    status: int = 200,
) -> Response[str]:
    tenant_id = console.tenant_id
    query = list_query(request)
    listing = await store.list_users(
        db,
        tenant_id=tenant_id,
        where=UserFilter(search=query.search_in(*_SEARCHED)),
        window=query.window,
    )
    snapshot = await snapshots.current(tenant_id)
    experience = await current_experience(snapshot)
    providers = await known_providers(console, snapshot)
    identities = await store.list_identities_of_users(
        db, tenant_id=tenant_id, user_ids=[user.id for user in listing.entries]
    )
    return console.page(
        "users.html",
        status=status,
        users=[
            {
                **_head(user),
                "identities": [
                    providers.head(identity.target)
                    for identity in identities
                    if identity.user_id == user.id
                ],
            }
            for user in listing.entries
        ],
        search=query.search,
        paging=query.paging(listing),
        total_without_filter=await store.count_users(db, tenant_id=tenant_id),
        values=values,
        errors=errors,
        policy=policy_view(experience.password_policy),
    )


def _head(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "primary_email": user.primary_email,
        "primary_phone": user.primary_phone,
        "avatar_url": user.avatar,
        "is_suspended": user.is_suspended,
        "has_password": user.has_password,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    }


async def _details_page(
    console: Console,
    db: Executor,
    snapshots: Snapshots,
    user: User,
    *,
    values: dict[str, str],
    errors: Errors,
    password_errors: Errors | None = None,
    status: int = 200,
) -> Response[str]:
    tenant_id = console.tenant_id
    snapshot = await snapshots.current(tenant_id)
    experience = await current_experience(snapshot)
    providers: Providers = await known_providers(console, snapshot)
    identities = await store.list_identities(db, tenant_id=tenant_id, user_id=user.id)
    application = user.application_id and await find_application(
        db, tenant_id=tenant_id, application_id=user.application_id
    )
    return console.page(
        "user_details.html",
        status=status,
        user={**_head(user), "application_name": application.name if application else None},
        identities=identity_rows(console, identities, providers),
        values=values,
        errors=errors,
        form_error=None,
        password_errors=password_errors or {},
        policy=policy_view(experience.password_policy),
    )
