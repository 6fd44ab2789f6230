"""Users on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from doorward.kit.clock import to_milliseconds
from doorward.management.body import Body, EntityId, JsonObject, View
from doorward.users.password_policy import PasswordIssue
from doorward.users.tables import Identity, User

# `$` alone would let a line break pass after the last character.
Username = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", max_length=128)]
EmptyOrUsername = Annotated[str, Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$(?!\n)", max_length=128)]
Email = Annotated[str, Meta(pattern=r"^\S+@\S+\.\S+$(?!\n)", max_length=128)]
EmptyOrEmail = Annotated[str, Meta(pattern=r"^(\S+@\S+\.\S+)?$(?!\n)", max_length=128)]
Phone = Annotated[str, Meta(pattern=r"^[0-9]+$(?!\n)", max_length=128)]
EmptyOrPhone = Annotated[str, Meta(pattern=r"^[0-9]*$(?!\n)", max_length=128)]
Name = Annotated[str, Meta(max_length=128)]
Avatar = Annotated[str, Meta(pattern=r"^(https?://[^\s/?#]+\S*)?$(?!\n)", max_length=2048)]
Password = Annotated[str, Meta(min_length=1, max_length=4096)]
Text = Annotated[str, Meta(max_length=2048)]
Algorithm = Literal["Argon2i", "Argon2id", "Argon2d", "SHA1", "SHA256", "MD5", "Bcrypt", "Legacy"]


class Address(Body, omit_defaults=True):
    """A postal address (OpenID Connect Core section 5.1.1)."""

    formatted: Text | UnsetType = UNSET
    street_address: Text | UnsetType = UNSET
    locality: Text | UnsetType = UNSET
    region: Text | UnsetType = UNSET
    postal_code: Text | UnsetType = UNSET
    country: Text | UnsetType = UNSET


class UserProfile(Body, omit_defaults=True):
    """Standard claims that have no column of their own."""

    family_name: Text | UnsetType = UNSET
    given_name: Text | UnsetType = UNSET
    middle_name: Text | UnsetType = UNSET
    nickname: Text | UnsetType = UNSET
    preferred_username: Text | UnsetType = UNSET
    profile: Text | UnsetType = UNSET
    website: Text | UnsetType = UNSET
    gender: Text | UnsetType = UNSET
    birthdate: Text | UnsetType = UNSET
    zoneinfo: Text | UnsetType = UNSET
    locale: Text | UnsetType = UNSET
    address: Address | UnsetType = UNSET


class IdentityView(View):
    """A social identity: who the person is at the provider."""

    user_id: str
    details: JsonObject


class UserView(View):
    """A user."""

    id: str
    username: str | None
    primary_email: str | None
    primary_phone: str | None
    name: str | None
    avatar: str | None
    custom_data: JsonObject
    identities: dict[str, IdentityView]
    last_sign_in_at: int | None
    created_at: int
    updated_at: int
    profile: JsonObject
    application_id: str | None
    cimd_client_id: str | None
    is_suspended: bool
    has_password: bool
    sso_identities: list[JsonObject] | UnsetType = UNSET
    password_digest: str | UnsetType | None = UNSET
    password_algorithm: str | UnsetType | None = UNSET


class CreateUser(Body):
    """A new user; a password comes in clear or as a digest with its algorithm."""

    username: Username | UnsetType = UNSET
    primary_email: Email | UnsetType = UNSET
    primary_phone: Phone | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    password_digest: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET
    password_algorithm: Algorithm | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    avatar: Avatar | UnsetType | None = UNSET
    custom_data: JsonObject | UnsetType = UNSET
    profile: UserProfile | UnsetType = UNSET


class UpdateUser(Body):
    """What may change; `customData` and `profile` are replaced whole, "" and null clear."""

    username: EmptyOrUsername | UnsetType | None = UNSET
    primary_email: EmptyOrEmail | UnsetType | None = UNSET
    primary_phone: EmptyOrPhone | UnsetType | None = UNSET
    name: Name | UnsetType | None = UNSET
    avatar: Avatar | UnsetType | None = UNSET
    custom_data: JsonObject | UnsetType = UNSET
    profile: UserProfile | UnsetType = UNSET


class UpdateCustomData(Body):
    """Members to merge into the custom data."""

    custom_data: JsonObject


class UpdateProfile(Body):
    """Claims to merge into the profile; an address is replaced whole."""

    profile: UserProfile


class PasswordBody(Body):
    """A password."""

    password: Password


class SetSuspended(Body):
    """Whether the user is suspended."""

    is_suspended: bool


class SetPasswordExpired(Body):
    """Whether the password has to be changed at the next sign-in."""

    is_expired: bool


class CheckPassword(Body):
    """A password to judge, as a certain user's or as anybody's."""

    password: Annotated[str, Meta(max_length=4096)]
    user_id: EntityId | UnsetType = UNSET


class CheckedPassword(View):
    """Whether the policy accepts a password, and if not, why."""

    result: bool
    issues: list[PasswordIssue] | UnsetType = UNSET


class HasPassword(View):
    """Whether the user has a password."""

    has_password: bool


class SetIdentity(Body):
    """Who the user is at a provider."""

    user_id: Annotated[str, Meta(min_length=1, max_length=256)]
    details: JsonObject | UnsetType = UNSET


class LinkIdentity(Body):
    """What came back from a provider: the parameters of the callback, with its `redirectUri`."""

    connector_id: EntityId
    connector_data: JsonObject


class FoundIdentity(View):
    """One social identity."""

    identity: IdentityView


class TargetedIdentity(View):
    """A social identity with its provider."""

    identity: IdentityView
    target: str


class AllIdentities(View):
    """Every identity of a user."""

    social_identities: list[TargetedIdentity]
    sso_identities: list[JsonObject]


class NameConflictView(View):
    """Users whose names differ only in case."""

    username_lower: str
    user_ids: list[str]


class NameConflictsView(View):
    """How many such names there are, and some of them."""

    total_conflicts: int
    samples: list[NameConflictView]


def view_user(
    user: User, identities: Sequence[Identity], *, with_password_hash: bool = False
) -> UserView:
    """Return a user as the API shows it."""
    last = user.last_sign_in_at
    view = UserView(
        id=user.id,
        username=user.username,
        primary_email=user.primary_email,
        primary_phone=user.primary_phone,
        name=user.name,
        avatar=user.avatar,
        custom_data=user.custom_data,
        identities=view_identities(identities),
        last_sign_in_at=None if last is None else to_milliseconds(last),
        created_at=to_milliseconds(user.created_at),
        updated_at=to_milliseconds(user.updated_at),
        profile=user.profile,
        application_id=user.application_id,
        cimd_client_id=None,
        is_suspended=user.is_suspended,
        has_password=user.has_password,
    )
    if with_password_hash:
        view.password_digest = user.password_digest
        view.password_algorithm = user.password_algorithm
    return view


def view_identities(identities: Sequence[Identity]) -> dict[str, IdentityView]:
    """Return identities by their target."""
    return {identity.target: view_identity(identity) for identity in identities}


def view_identity(identity: Identity) -> IdentityView:
    """Return an identity as the API shows it."""
    return IdentityView(user_id=identity.identity_id, details=identity.details)


def stored_profile(profile: UserProfile | UnsetType) -> dict[str, Any]:
    """Return a profile as it is stored."""
    return {} if profile is UNSET else dict(msgspec.to_builtins(profile))
