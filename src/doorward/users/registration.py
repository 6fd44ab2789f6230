"""How a user comes to be: by registration, by an administrator, by a social identity.

Every path ends in `create_user`, inside the caller's transaction. What may be refused is refused
there, with the codes of the reference, and the first administrator closes the door behind itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from doorward.errors import RequestError
from doorward.kit.ids import USER_ID_LENGTH, new_id
from doorward.roles import store as roles
from doorward.sign_in_experience import store as sign_in_experience
from doorward.sign_in_experience.document import Experience, SignInMode
from doorward.storage import Executor, Transaction, UniqueViolation, config_changed
from doorward.tenants.seed import ADMIN_ROLE_NAME, ADMIN_TENANT, ADMIN_USER_ROLE_NAME
from doorward.users import store
from doorward.users.passwords import PasswordDigest
from doorward.users.tables import Identity, User

_TAKEN = {
    "uq_users_username": "user.username_already_in_use",
    "uq_users_primary_email": "user.email_already_in_use",
    "uq_users_primary_phone": "user.phone_already_in_use",
    "uq_user_identities_identity": "user.identity_already_in_use",
}


class NewIdentity(msgspec.Struct, frozen=True):
    """A social identity to link: who the person is at the provider `target`."""

    target: str
    identity_id: str
    details: dict[str, Any]

    def owned_by(self, user_id: str, *, since: datetime) -> Identity:
        """Return the identity as a user has it."""
        return Identity(
            user_id=user_id,
            target=self.target,
            identity_id=self.identity_id,
            details=self.details,
            created_at=since,
        )


def social_identity(
    target: str,
    *,
    id_: str,
    name: str | None,
    avatar: str | None,
    email: str | None,
    raw: dict[str, Any],
) -> NewIdentity:
    """Return the identity of a person at a provider, with details in the shape of the reference.

    `email` is an address that the provider vouches for.
    """
    details = {"id": id_, "name": name, "avatar": avatar, "email": email, "rawData": raw}
    return NewIdentity(
        target=target,
        identity_id=id_,
        details={key: value for key, value in details.items() if value},
    )


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """What a new user begins with; addresses must be proven by the caller."""

    username: str | None = None
    primary_email: str | None = None
    primary_phone: str | None = None
    password: PasswordDigest | None = None
    name: str | None = None
    avatar: str | None = None
    identity: NewIdentity | None = None
    application_id: str | None = None


async def check_is_free(
    db: Executor,
    *,
    tenant_id: str,
    username: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    identity: NewIdentity | None = None,
    is_case_sensitive: bool = True,
    except_user_id: str | None = None,
) -> None:
    """Check that nobody else has any of these.

    Raises:
        RequestError: 422 user.username_already_in_use, user.email_already_in_use,
            user.phone_already_in_use or user.identity_already_in_use.
    """
    if username is not None:
        owner = await store.find_user_by_username(
            db, tenant_id=tenant_id, username=username, is_case_sensitive=is_case_sensitive
        )
        _check_owner(owner, except_user_id, "user.username_already_in_use")
    if email is not None:
        owner = await store.find_user_by_email(db, tenant_id=tenant_id, email=email)
        _check_owner(owner, except_user_id, "user.email_already_in_use")
    if phone is not None:
        owner = await store.find_user_by_phone(db, tenant_id=tenant_id, phone=phone)
        _check_owner(owner, except_user_id, "user.phone_already_in_use")
    if identity is not None:
        owner = await store.find_user_by_identity(
            db, tenant_id=tenant_id, target=identity.target, identity_id=identity.identity_id
        )
        _check_owner(owner, except_user_id, "user.identity_already_in_use")


async def create_user(
    tx: Transaction, *, tenant_id: str, new_user: NewUser, experience: Experience, now: datetime
) -> User:
    """Store a new user with its identity and the roles every new user gets.

    In the tenant `admin` the first user becomes the administrator and registration closes; of two
    who race, one is refused.

    Raises:
        RequestError: 422 user.*_already_in_use; 403 auth.forbidden for the second of two racers.
    """
    # The unique index tells Ada from ada; where the tenant does not, two who come at once must wait
    # for each other, or each would find the name free.
    if new_user.username is not None and not experience.username_policy.case_sensitive:
        await sign_in_experience.hold_experience(tx, tenant_id=tenant_id)
    await check_is_free(
        tx,
        tenant_id=tenant_id,
        username=new_user.username,
        email=new_user.primary_email,
        phone=new_user.primary_phone,
        identity=new_user.identity,
        is_case_sensitive=experience.username_policy.case_sensitive,
    )
    user = _user(new_user, now)
    try:
        await store.add_user(tx, tenant_id=tenant_id, user=user)
        if new_user.identity is not None:
            await link_identity(
                tx, tenant_id=tenant_id, user_id=user.id, identity=new_user.identity, now=now
            )
    except UniqueViolation as error:
        raise taken(error) from error
    for role in await roles.list_default_roles(tx, tenant_id=tenant_id):
        await roles.add_user_role(tx, tenant_id=tenant_id, user_id=user.id, role_id=role.id)
    if tenant_id == ADMIN_TENANT and experience.sign_in_mode is SignInMode.REGISTER:
        await _become_administrator(tx, user)
    return user


async def link_identity(
    tx: Transaction, *, tenant_id: str, user_id: str, identity: NewIdentity, now: datetime
) -> None:
    """Give a user a social identity.

    Raises:
        UniqueViolation: another user has it, or this user has one of the same target.
    """
    owned = identity.owned_by(user_id, since=now)
    await store.add_identity(tx, tenant_id=tenant_id, identity=owned)


def taken(error: UniqueViolation) -> RequestError:
    """Return the refusal that a broken uniqueness of users or identities stands for."""
    return RequestError(_TAKEN.get(error.constraint, "user.identity_already_in_use"), status=422)


async def give_administrator_roles(tx: Transaction, *, user_id: str) -> None:  # tenant `admin`
    """Give a user of the admin tenant the roles that let it into the console."""
    for name in (ADMIN_USER_ROLE_NAME, ADMIN_ROLE_NAME):
        role = await roles.find_role_by_name(tx, tenant_id=ADMIN_TENANT, name=name)
        if role is not None:
            await roles.add_user_role(tx, tenant_id=ADMIN_TENANT, user_id=user_id, role_id=role.id)


async def _become_administrator(tx: Transaction, user: User) -> None:
    """Give the first user of the admin tenant its roles and close registration, or refuse."""
    # The conditional UPDATE is the gate: two first visitors cannot both pass it.
    if not await sign_in_experience.close_registration(tx, tenant_id=ADMIN_TENANT):
        raise RequestError("auth.forbidden", status=403, detail="an administrator exists already")
    await give_administrator_roles(tx, user_id=user.id)
    await config_changed(tx, ADMIN_TENANT)


def _check_owner(owner: User | None, except_user_id: str | None, code: str) -> None:
    if owner is not None and owner.id != except_user_id:
        raise RequestError(code, status=422)


def _user(new_user: NewUser, now: datetime) -> User:
    password = new_user.password
    return User(
        id=new_id(USER_ID_LENGTH),
        username=new_user.username,
        primary_email=new_user.primary_email,
        primary_phone=new_user.primary_phone,
        password_digest=password.digest if password else None,
        password_algorithm=password.algorithm if password else None,
        password_updated_at=now if password else None,
        is_password_expired=False,
        name=new_user.name,
        avatar=new_user.avatar,
        profile={},
        custom_data={},
        application_id=new_user.application_id,
        is_suspended=False,
        last_sign_in_at=None,
        created_at=now,
        updated_at=now,
    )
