"""OpenID Connect Core sections 5.1, 5.4 to 5.6: what is said about a user, by scope or by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from doorward.applications.cached import Client
from doorward.kit.clock import to_milliseconds
from doorward.roles.store import list_role_names_of_user
from doorward.storage import Executor, Snapshot
from doorward.tenants.store import find_config
from doorward.users.store import list_identities
from doorward.users.tables import User

PROFILE_CLAIMS = (
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "username",
    "created_at",
)
EXTENDED_CLAIMS = {
    "custom_data": ("custom_data",),
    "identities": ("identities", "sso_identities"),
    "roles": ("roles",),
}
"""Claims by scope that are in userinfo, but in the ID token only if the tenant enables them."""

CLAIMS = (
    "sub",
    *PROFILE_CLAIMS,
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
    *(name for names in EXTENDED_CLAIMS.values() for name in names),
    "sid",
    "auth_time",
    "iss",
)

_SCOPES_BY_CLAIM = {
    **dict.fromkeys(PROFILE_CLAIMS, "profile"),
    **dict.fromkeys(("email", "email_verified"), "email"),
    **dict.fromkeys(("phone_number", "phone_number_verified"), "phone"),
    "address": "address",
}
"""The claims that may be asked for one by one, and the scope that also gives them."""

_FROM_PROFILE = {
    "family_name": "familyName",
    "given_name": "givenName",
    "middle_name": "middleName",
    "nickname": "nickname",
    "profile": "profile",
    "website": "website",
    "gender": "gender",
    "birthdate": "birthdate",
    "zoneinfo": "zoneinfo",
    "locale": "locale",
}


async def userinfo_claims(
    db: Executor, *, tenant_id: str, user: User, scopes: Collection[str]
) -> dict[str, Any]:
    """Return every claim about the user that the scopes allow."""
    enabled = [name for names in EXTENDED_CLAIMS.values() for name in names]
    return await _claims(db, tenant_id=tenant_id, user=user, scopes=scopes, enabled=enabled)


async def id_token_claims(
    snapshot: Snapshot, db: Executor, *, user: User, scopes: Collection[str]
) -> dict[str, Any]:
    """Return the claims about the user for an ID token: small ones, and what the tenant enables."""
    enabled: Collection[str] = ()
    if not EXTENDED_CLAIMS.keys().isdisjoint(scopes):
        enabled = await _enabled_extended_claims(snapshot)
    return await _claims(
        db, tenant_id=snapshot.tenant_id, user=user, scopes=scopes, enabled=enabled
    )


async def requested_claims(
    db: Executor,
    *,
    tenant_id: str,
    user: User,
    client: Client,
    asked: Mapping[str, Any] | None,
    member: str,
) -> dict[str, Any]:
    """Return what the claims parameter asks for one by one; `member` is "id_token" or "userinfo".

    An application of a third party gets nothing this way: the user allowed scopes.
    """
    names = (asked or {}).get(member, ())
    if not names or client.is_third_party:
        return {}
    scopes = {_SCOPES_BY_CLAIM[name] for name in names if name in _SCOPES_BY_CLAIM}
    found = await _claims(db, tenant_id=tenant_id, user=user, scopes=scopes, enabled=())
    return {name: found[name] for name in names if name in found and name != "sub"}


async def _claims(
    db: Executor, *, tenant_id: str, user: User, scopes: Collection[str], enabled: Collection[str]
) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": user.id}
    if "profile" in scopes:
        claims |= _profile_claims(user)
    if "email" in scopes:
        claims["email"] = user.primary_email
        claims["email_verified"] = user.primary_email is not None
    if "phone" in scopes:
        claims["phone_number"] = user.primary_phone
        claims["phone_number_verified"] = user.primary_phone is not None
    if "address" in scopes and (address := _without_blanks(user.profile.get("address") or {})):
        claims["address"] = address
    if "custom_data" in scopes and "custom_data" in enabled:
        claims["custom_data"] = user.custom_data
    if "identities" in scopes:
        if "identities" in enabled:
            claims["identities"] = await _identities(db, tenant_id=tenant_id, user=user)
        if "sso_identities" in enabled:
            # Nobody signs in through enterprise SSO here, so nobody has such an identity.
            claims["sso_identities"] = []
    if "roles" in scopes and "roles" in enabled:
        claims["roles"] = await list_role_names_of_user(db, tenant_id=tenant_id, user_id=user.id)
    return claims


def _profile_claims(user: User) -> dict[str, Any]:
    """name, picture and username stay null when unset; the rest of the profile is left out.
    Times are in milliseconds, as existing clients expect, not in seconds."""
    profile = _without_blanks(user.profile)
    claims: dict[str, Any] = {
        "name": user.name,
        "picture": user.avatar,
        "username": user.username,
        "created_at": to_milliseconds(user.created_at),
        "updated_at": to_milliseconds(user.updated_at),
    }
    for claim, member in _FROM_PROFILE.items():
        if member in profile:
            claims[claim] = profile[member]
    preferred = profile.get("preferredUsername") or user.username
    if preferred is not None:
        claims["preferred_username"] = preferred
    return claims


def _without_blanks(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that have a value: OpenID Connect Core section 5.3.2."""
    return {name: value for name, value in members.items() if value not in (None, "")}


async def _identities(db: Executor, *, tenant_id: str, user: User) -> dict[str, Any]:
    identities = await list_identities(db, tenant_id=tenant_id, user_id=user.id)
    return {
        identity.target: {"userId": identity.identity_id, "details": identity.details}
        for identity in identities
    }


async def _enabled_extended_claims(snapshot: Snapshot) -> tuple[str, ...]:
    async def load() -> tuple[str, ...]:
        config = await find_config(snapshot.db, tenant_id=snapshot.tenant_id, key="idToken")
        return tuple((config or {}).get("enabledExtendedClaims", ()))

    return await snapshot.get(("config", "idToken", "enabledExtendedClaims"), load)
