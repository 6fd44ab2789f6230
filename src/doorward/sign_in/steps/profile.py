"""What the tenant requires and an account lacks: the page /missing-profile, POST
/api/experience/profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from msgspec import Meta

from doorward.errors import RequestError
from doorward.management.body import Body
from doorward.sign_in.flow import CompleteProfile
from doorward.sign_in.hosted import HostedPage, UseForm, UsePage
from doorward.sign_in.identification import identity_of
from doorward.sign_in.proceed import (
    MISSING_PROFILE,
    SIGN_IN,
    find_next,
    page_of,
    proceed,
    see_other,
)
from doorward.sign_in.state import FlowState, InteractionEvent, PendingProfile, SocialRecord
from doorward.sign_in.steps.register import field_errors, new_password
from doorward.sign_in.submission import find_account
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, Visit, check_started, save
from doorward.storage import Database
from doorward.users.password_policy import UserInfo, policy_view
from doorward.users.passwords import Passwords
from doorward.users.pwned import PwnedPasswords
from doorward.users.registration import check_is_free
from doorward.users.username_policy import check_username


async def add_username(visit: Visit, state: FlowState, username: str, *, db: Database) -> FlowState:
    """Return the state with a user name for the account.

    Raises:
        RequestError: 422 user.username_exists_in_profile, user.username_*.
    """
    user = await find_account(db, visit, state)
    if user is not None and user.username is not None:
        raise RequestError("user.username_exists_in_profile", status=422)
    check_username(username, visit.experience.username_policy)
    await check_is_free(
        db,
        tenant_id=visit.tenant_id,
        username=username,
        is_case_sensitive=visit.experience.username_policy.case_sensitive,
    )
    return _with_profile(state, username=username)


async def add_password(
    visit: Visit,
    state: FlowState,
    password: str,
    *,
    db: Database,
    passwords: Passwords,
    pwned: PwnedPasswords,
) -> FlowState:
    """Return the state with a password for the account.

    Raises:
        RequestError: 422 user.password_exists_in_profile, password.rejected.
    """
    user = await find_account(db, visit, state)
    if user is not None and user.has_password:
        raise RequestError("user.password_exists_in_profile", status=422)
    profile = state.profile
    user_info = UserInfo(
        username=profile.username or (user.username if user else None),
        email=profile.email or (user.primary_email if user else None),
        name=profile.name or (user.name if user else None),
    )
    digest = await new_password(
        visit,
        password,
        user_info=user_info,
        passwords=passwords,
        pwned=pwned,
    )
    return _with_profile(state, password=digest)


async def add_social(visit: Visit, verification_id: str, *, db: Database) -> FlowState:
    """Return the state with a social identity for the account.

    Raises:
        RequestError: 404 session.verification_session_not_found; 400
            session.verification_failed; 422 user.identity_already_in_use.
    """
    record = visit.state.get_record(verification_id)
    if not isinstance(record, SocialRecord):
        raise RequestError("session.verification_session_not_found", status=404)
    if record.person is None:
        raise RequestError("session.verification_failed")
    identity = identity_of(record, record.person)
    await check_is_free(db, tenant_id=visit.tenant_id, identity=identity)
    return _with_profile(visit.state, identity=identity)


@get([MISSING_PROFILE, "/social/register"], include_in_schema=False)
async def show_missing(visit: UseVisit, page: UsePage, surface: UseSurface) -> Response[Any]:
    """Ask for what is missing."""
    user = await find_account(surface.db, visit, visit.state)
    step = await find_next(visit, visit.state, user, db=surface.db)
    if not isinstance(step, CompleteProfile):
        return see_other(page_of(step, visit, page))
    return _missing_page(visit, page, step)


@post(MISSING_PROFILE, status_code=200, include_in_schema=False)
async def complete(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Take what was missing and go on."""
    db, passwords, pwned = surface.db, surface.passwords, surface.pwned
    user = await find_account(db, visit, visit.state)
    step = await find_next(visit, visit.state, user, db=db)
    if not isinstance(step, CompleteProfile):
        return see_other(page_of(step, visit, page))
    values = {name: form.get(name, "").strip() for name in step.missing}
    errors = {name: page.text("error.required") for name in step.missing if not values[name]}
    if errors:
        return _missing_page(visit, page, step, values=values, errors=errors)
    state = visit.state
    try:
        if "username" in step.missing:
            state = await add_username(visit, state, values["username"], db=db)
        if "password" in step.missing:
            state = await add_password(
                visit,
                state,
                form["password"],
                db=db,
                passwords=passwords,
                pwned=pwned,
            )
        return await proceed(visit, state, page=page, db=db)
    except RequestError as error:
        errors = field_errors(error, visit.experience, page)
        if not errors:
            raise
        return _missing_page(visit, page, step, values=values, errors=errors)


class UsernameProfile(Body, tag_field="type", tag="username"):
    """A user name."""

    value: Annotated[str, Meta(max_length=256)]


class PasswordProfile(Body, tag_field="type", tag="password"):
    """A password."""

    value: Annotated[str, Meta(max_length=4096)]


class SocialProfile(Body, tag_field="type", tag="social"):
    """A verified social identity."""

    verification_id: str


@post("/api/experience/profile", status_code=204, tags=["Experience"])
async def add_profile(
    data: UsernameProfile | PasswordProfile | SocialProfile,
    visit: UseVisit,
    surface: UseSurface,
) -> None:
    """Add to what the account is to have."""
    db, passwords, pwned = surface.db, surface.passwords, surface.pwned
    event = check_started(visit)
    if event is InteractionEvent.SIGN_IN and visit.state.user_id is None:
        raise RequestError("session.identifier_not_found", status=404)
    if isinstance(data, SocialProfile):
        state = await add_social(visit, data.verification_id, db=db)
    elif isinstance(data, UsernameProfile):
        state = await add_username(visit, visit.state, data.value, db=db)
    else:
        state = await add_password(
            visit,
            visit.state,
            data.value,
            db=db,
            passwords=passwords,
            pwned=pwned,
        )
    async with db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, state)


def _missing_page(
    visit: Visit,
    page: HostedPage,
    step: CompleteProfile,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response[str]:
    needs_password = "password" in step.missing
    return page.respond(
        "missing_profile.html",
        status=422 if errors else 200,
        missing=list(step.missing),
        policy=policy_view(visit.experience.password_policy) if needs_password else None,
        action=page.url(MISSING_PROFILE),
        values={"username": (values or {}).get("username", "")[:256]},
        errors=dict(errors or {}),
        form_error=None,
        back_url=page.url(SIGN_IN),
    )


def _with_profile(state: FlowState, **changes: Any) -> FlowState:
    profile: PendingProfile = msgspec.structs.replace(state.profile, **changes)
    return msgspec.structs.replace(state, profile=profile)
