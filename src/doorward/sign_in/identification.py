"""Who somebody is: from a proof to an account (reference: experience.md sections 4 and 5).

The order of the checks is the reference's and is the same for pages and Experience API. Nothing
here writes; what an account is to gain is noted in the state and written by `submission.py`.
"""

from __future__ import annotations

import msgspec

from doorward.connectors.cached import find_social_connector_by_id
from doorward.errors import RequestError
from doorward.kit.crypto import Sealer
from doorward.sign_in.state import (
    FlowState,
    LinkOffer,
    NewPasswordRecord,
    PasswordRecord,
    PendingProfile,
    Record,
    SocialPerson,
    SocialRecord,
)
from doorward.sign_in.visit import Visit
from doorward.storage import Executor
from doorward.users import store as users
from doorward.users.registration import NewIdentity, check_is_free, social_identity
from doorward.users.tables import User
from doorward.users.username_policy import check_username

_SHOWN_OF_LOCAL_PART = 4


async def identify(
    visit: Visit,
    *,
    verification_id: str | None,
    link: bool = False,
    proven: User | None = None,
    db: Executor,
    sealer: Sealer,
) -> FlowState:
    """Return the state with the existing account that a proof belongs to.

    `link` adds a social identity to the account that has its verified address. `proven` is the
    account of a password that was right in this very request: it need not be read once more.

    Raises:
        RequestError: see the table in section 4.
    """
    state = visit.state
    # 1. Which proof.
    if not verification_id:
        raise RequestError("guard.invalid_input", interpolation={"type": "body"})
    record = state.get_record(verification_id)

    # 2. May anybody sign in here, and in this way?
    check_sign_in_is_open(visit)
    _check_method(visit, record)

    # 3. Whose is it?
    if isinstance(record, SocialRecord):
        user, state = await _find_by_social(visit, record, is_linking=link, db=db, sealer=sealer)
    elif isinstance(record, PasswordRecord):
        user = proven or await _get_user(visit, record.user_id, db=db)
    else:
        raise RequestError("session.verification_failed")

    # 4. May this account sign in, and is it the one that this flow is about?
    check_not_suspended(user)
    if state.user_id not in {None, user.id}:
        raise RequestError("session.identity_conflict", status=409)
    return msgspec.structs.replace(state, user_id=user.id, offer=None)


async def collect_profile(visit: Visit, *, verification_id: str | None, db: Executor) -> FlowState:
    """Return the state with what a proof gives to a new account (section 5, steps 1 to 6).

    Without an id the profile that was collected before is taken.

    Raises:
        RequestError: see the table in section 5.
    """
    state = visit.state
    if verification_id:
        record = state.get_record(verification_id)
        if isinstance(record, NewPasswordRecord):
            check_username(record.identifier.value, visit.experience.username_policy)
            profile = msgspec.structs.replace(
                state.profile, username=record.identifier.value, password=record.password
            )
        elif isinstance(record, SocialRecord) and record.person is not None:
            profile = await _social_profile(visit, record, record.person, db=db)
        else:
            raise RequestError("session.verification_failed")
        state = msgspec.structs.replace(state, profile=profile, offer=None)
    if state.profile.is_empty:
        raise RequestError("guard.invalid_input", interpolation={"type": "body"})
    await check_is_free(
        db,
        tenant_id=visit.tenant_id,
        username=state.profile.username,
        email=state.profile.email,
        identity=state.profile.identity,
        is_case_sensitive=visit.experience.username_policy.case_sensitive,
    )
    return state


async def offer_link(visit: Visit, record: SocialRecord, *, db: Executor) -> FlowState | None:
    """Return the state that asks whether to link, or None when no account has the address, or one
    that has somebody else of this provider already."""
    related = await find_related_user(visit, record.person, db=db)
    if related is None or related.primary_email is None:
        return None
    known = await users.list_identities(db, tenant_id=visit.tenant_id, user_id=related.id)
    if any(identity.target == record.target for identity in known):
        return None
    offer = LinkOffer(user_id=related.id, account=mask_email(related.primary_email))
    return msgspec.structs.replace(visit.state, offer=offer)


async def find_related_user(
    visit: Visit, person: SocialPerson | None, *, db: Executor
) -> User | None:
    """Return the account with the address that a provider vouches for."""
    if person is None or person.email is None:
        return None
    return await users.find_user_by_email(db, tenant_id=visit.tenant_id, email=person.email)


def check_sign_in_is_open(visit: Visit) -> None:
    """Raise RequestError 403 auth.forbidden when existing users may not sign in."""
    if not visit.experience.allows_sign_in:
        raise RequestError("auth.forbidden", status=403)


def check_registration_is_open(visit: Visit) -> None:
    """Raise RequestError 403 auth.forbidden when no account may be made."""
    if not visit.experience.allows_registration:
        raise RequestError("auth.forbidden", status=403)


def check_not_suspended(user: User) -> None:
    """Raise RequestError 401 user.suspended."""
    if user.is_suspended:
        raise RequestError("user.suspended", status=401)


def identity_of(record: SocialRecord, person: SocialPerson) -> NewIdentity:
    """Return the identity that a visit at a provider proves, in the shape of the reference."""
    return social_identity(
        record.target,
        id_=person.id,
        name=person.name,
        avatar=person.avatar,
        email=person.email,
        raw=person.raw,
    )


def mask_email(email: str) -> str:
    """Return `ada.****@example.com` for ada.lovelace@example.com."""
    local, _, domain = email.partition("@")
    shown = local[:_SHOWN_OF_LOCAL_PART] if len(local) > _SHOWN_OF_LOCAL_PART else ""
    return f"{shown}****@{domain}"


def _check_method(visit: Visit, record: Record) -> None:
    if isinstance(record, SocialRecord):
        return
    if isinstance(record, PasswordRecord):
        allowed = visit.experience.sign_in.password_identifiers
        if record.identifier.type in allowed:
            return
    raise RequestError("user.sign_in_method_not_enabled", status=422)


async def _find_by_social(
    visit: Visit, record: SocialRecord, *, is_linking: bool, db: Executor, sealer: Sealer
) -> tuple[User, FlowState]:
    """Return the account of a provider's person and the state with what the account gains."""
    person = record.person
    if person is None:
        raise RequestError("session.verification_failed")
    identity = identity_of(record, person)
    user = await users.find_user_by_identity(
        db, tenant_id=visit.tenant_id, target=identity.target, identity_id=identity.identity_id
    )
    if user is not None:
        profile = await _synced_profile(visit, record, person, sealer=sealer)
        return user, msgspec.structs.replace(visit.state, profile=profile)
    related = await find_related_user(visit, person, db=db)
    if related is not None and is_linking:
        profile = await _synced_profile(visit, record, person, sealer=sealer)
        profile = msgspec.structs.replace(profile, identity=identity)
        return related, msgspec.structs.replace(visit.state, profile=profile)
    data = {}
    if related is not None and related.primary_email is not None:
        data["relatedUser"] = {"type": "email", "value": mask_email(related.primary_email)}
    raise RequestError("user.identity_not_exist", status=404, data=data)


async def _synced_profile(
    visit: Visit, record: SocialRecord, person: SocialPerson, *, sealer: Sealer
) -> PendingProfile:
    """Take over name and avatar when the connector says so; the address never."""
    connector = await find_social_connector_by_id(
        visit.snapshot, record.connector_id, sealer=sealer
    )
    profile = visit.state.profile
    if connector is None or not connector.sync_profile:
        return profile
    return msgspec.structs.replace(
        profile, name=person.name or profile.name, avatar=person.avatar or profile.avatar
    )


async def _social_profile(
    visit: Visit, record: SocialRecord, person: SocialPerson, *, db: Executor
) -> PendingProfile:
    # An address that is somebody else's stays theirs.
    is_taken = await find_related_user(visit, person, db=db) is not None
    return msgspec.structs.replace(
        visit.state.profile,
        identity=identity_of(record, person),
        email=None if is_taken else person.email,
        name=person.name,
        avatar=person.avatar,
    )


async def _get_user(visit: Visit, user_id: str, *, db: Executor) -> User:
    user = await users.find_user(db, tenant_id=visit.tenant_id, user_id=user_id)
    if user is None:
        raise RequestError("user.user_not_exist", status=404)
    return user
