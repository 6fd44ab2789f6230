"""The writes at the end of a flow: a new account, what an account gains, and who signed in.

Each function takes the transaction of the request, so that an account, its identity and the
completed interaction exist together or not at all.
"""

from __future__ import annotations

from typing import Any

import msgspec

from doorward.audit.store import record
from doorward.errors import RequestError
from doorward.interactions.store import complete_interaction
from doorward.security.attempts import check_not_locked, guess_of
from doorward.sign_in.flow import NOBODY, Account, CompleteProfile, missing_profile
from doorward.sign_in.identification import check_not_suspended, check_registration_is_open
from doorward.sign_in.state import (
    FlowState,
    InteractionEvent,
    NewPasswordRecord,
    PasswordRecord,
    PendingProfile,
)
from doorward.sign_in.visit import Visit, overtaken
from doorward.storage import Executor, Transaction, UniqueViolation
from doorward.users import store as users
from doorward.users.registration import NewUser, check_is_free, create_user, link_identity, taken
from doorward.users.tables import User


def check_can_register(visit: Visit, state: FlowState) -> None:
    """Check what a new account still needs (section 5, steps 7 to 10).

    Raises:
        RequestError: 403 auth.forbidden; 422 user.missing_profile.
    """
    check_registration_is_open(visit)
    # Where no identifier is signed up with, an account comes from a provider, or not at all.
    if state.profile.identity is None and not visit.experience.sign_up.identifiers:
        raise RequestError("auth.forbidden", status=403, detail="accounts come from providers")
    missing = missing_profile(state, visit.experience)
    if missing:
        raise missing_refusal(CompleteProfile(missing))


async def register(tx: Transaction, visit: Visit, state: FlowState) -> tuple[FlowState, User]:
    """Make the account; return it, and the state that knows it and whose profile is not pending.

    Raises:
        RequestError: as check_can_register; 422 user.*_already_in_use.
    """
    check_can_register(visit, state)
    profile = state.profile
    user = await create_user(
        tx,
        tenant_id=visit.tenant_id,
        new_user=NewUser(
            username=profile.username,
            primary_email=profile.email,
            password=profile.password,
            name=profile.name,
            avatar=profile.avatar,
            identity=profile.identity,
            application_id=visit.interaction.client_id,
        ),
        experience=visit.experience,
        now=visit.now,
    )
    await _audit(tx, visit, event=InteractionEvent.REGISTER, user_id=user.id)
    return msgspec.structs.replace(state, user_id=user.id, profile=PendingProfile()), user


async def submit(tx: Transaction, visit: Visit, state: FlowState, user: User | None) -> None:
    """Write what the account gains and complete the interaction (section 7).

    `user` is the account of the state as it is in this transaction.

    Raises:
        RequestError: 404 session.identifier_not_found; 401 user.suspended; 400
            session.verification_blocked_too_many_attempts; 422 user.*_already_in_use;
            422 user.missing_profile; 409 when another request was faster.
    """
    # 1. Who is it, and may they still sign in?
    if state.user_id is None:
        raise RequestError("session.identifier_not_found", status=404)
    if user is None:
        raise RequestError("user.user_not_exist", status=404)
    check_not_suspended(user)
    await _check_not_locked(tx, visit, state)

    # 2. Nothing that the tenant requires is missing.
    account = await account_of(tx, visit, user)
    missing = missing_profile(state, visit.experience, account=account)
    if missing:
        raise missing_refusal(CompleteProfile(missing))

    # 3. What the account gains.
    await _write_profile(tx, visit, state, user)
    await users.record_sign_in(tx, tenant_id=visit.tenant_id, user_id=user.id, now=visit.now)

    # 4. Back to the application.
    if state.event is not InteractionEvent.REGISTER:
        await _audit(tx, visit, event=InteractionEvent.SIGN_IN, user_id=user.id)
    is_first = await complete_interaction(
        tx,
        tenant_id=visit.tenant_id,
        interaction=visit.interaction,
        user_id=user.id,
        authenticated_at=visit.now,
        amr=_methods(state),
    )
    if not is_first:
        raise overtaken()


async def find_account(db: Executor, visit: Visit, state: FlowState) -> User | None:
    """Return the account that a state is about, if there is one."""
    if state.user_id is None:
        return None
    return await users.find_user(db, tenant_id=visit.tenant_id, user_id=state.user_id)


async def account_of(db: Executor, visit: Visit, user: User | None) -> Account:
    """Return what an account has already."""
    if user is None:
        return NOBODY
    # Identities only matter to an account without a password.
    has_identity = not user.has_password and bool(
        await users.list_identities(db, tenant_id=visit.tenant_id, user_id=user.id)
    )
    return Account(
        has_username=user.username is not None,
        has_email=user.primary_email is not None,
        has_phone=user.primary_phone is not None,
        has_password=user.has_password,
        has_identity=has_identity,
    )


def missing_refusal(step: CompleteProfile) -> RequestError:
    """Return 422 user.missing_profile."""
    return RequestError(
        "user.missing_profile", status=422, data={"missingProfile": list(step.missing)}
    )


async def _write_profile(tx: Transaction, visit: Visit, state: FlowState, user: User) -> None:
    profile = state.profile
    if profile.is_empty:
        return
    await check_is_free(
        tx,
        tenant_id=visit.tenant_id,
        username=profile.username,
        email=profile.email,
        identity=profile.identity,
        is_case_sensitive=visit.experience.username_policy.case_sensitive,
        except_user_id=user.id,
    )
    changes: dict[str, Any] = {
        "username": profile.username,
        "primary_email": profile.email,
        "name": profile.name,
        "avatar": profile.avatar,
    }
    if profile.password is not None:
        changes |= {
            "password_digest": profile.password.digest,
            "password_algorithm": profile.password.algorithm,
            "password_updated_at": visit.now,
        }
    changes = {column: value for column, value in changes.items() if value is not None}
    try:
        if changes:
            await users.update_user(
                tx, tenant_id=visit.tenant_id, user_id=user.id, now=visit.now, **changes
            )
        if profile.identity is not None:
            await link_identity(
                tx,
                tenant_id=visit.tenant_id,
                user_id=user.id,
                identity=profile.identity,
                now=visit.now,
            )
    except UniqueViolation as error:
        raise taken(error) from error


async def _check_not_locked(tx: Transaction, visit: Visit, state: FlowState) -> None:
    """Refuse a right password that was guessed while others filled the counter."""
    proof = state.find_record(PasswordRecord)
    if proof is not None:
        guess = guess_of(proof.identifier.value)
        await check_not_locked(tx, tenant_id=visit.tenant_id, guess=guess, now=visit.now)


async def _audit(tx: Transaction, visit: Visit, *, event: InteractionEvent, user_id: str) -> None:
    await record(
        tx,
        tenant_id=visit.tenant_id,
        key=f"Interaction.{event}.Submit",
        edge=visit.edge,
        at=visit.now,
        user_id=user_id,
        application_id=visit.interaction.client_id,
    )


def _methods(state: FlowState) -> list[str]:
    """Return how the person proved who they are (RFC 8176); a provider's word has no name there."""
    has_password = any(
        isinstance(known, PasswordRecord | NewPasswordRecord) for known in state.records
    )
    return ["pwd"] if has_password else []
