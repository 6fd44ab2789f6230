"""A new account with user name and password: the page /register, and in the tenant `admin` the
welcome of the first administrator; POST /api/experience/verification/new-password-identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from msgspec import Meta

from doorward.errors import RequestError
from doorward.management.body import Body
from doorward.sign_in.hosted import Form, HostedPage, UseForm, UsePage
from doorward.sign_in.identification import check_registration_is_open, collect_profile
from doorward.sign_in.proceed import REGISTER, SIGN_IN, proceed, see_other
from doorward.sign_in.state import FlowState, Identifier, InteractionEvent, NewPasswordRecord
from doorward.sign_in.steps.password import VerificationView
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, Visit, check_started, save
from doorward.sign_in_experience.document import Experience, SignInMode
from doorward.storage import Database
from doorward.tenants.seed import ADMIN_TENANT
from doorward.users.password_policy import PWNED, UserInfo, find_issues, policy_view, rejection
from doorward.users.passwords import PasswordDigest, Passwords
from doorward.users.pwned import PwnedPasswords
from doorward.users.registration import check_is_free
from doorward.users.username_policy import check_username

_USERNAME_TEXTS = {
    "user.username_already_in_use": "error.username_in_use",
    "user.username_required": "error.required",
    "user.username_starts_with_number": "error.username_starts_with_number",
    "user.username_invalid_charset_hard": "error.username_charset",
    "user.username_too_short": "error.username_length",
    "user.username_too_long": "error.username_length",
    "user.username_uppercase_not_allowed": "error.username_not_allowed",
    "user.username_lowercase_not_allowed": "error.username_not_allowed",
    "user.username_numbers_not_allowed": "error.username_not_allowed",
    "user.username_underscore_not_allowed": "error.username_not_allowed",
}
_MAX_TYPED = 4096


async def new_password(
    visit: Visit,
    password: str,
    *,
    user_info: UserInfo,
    passwords: Passwords,
    pwned: PwnedPasswords,
) -> PasswordDigest:
    """Return the digest of a password that the tenant's policy accepts.

    Raises:
        RequestError: 422 password.rejected, data says why.
        ServiceUnavailable: too many hashes wait already.
    """
    policy = visit.experience.password_policy
    issues = find_issues(password, policy, user_info)
    if policy.rejects.pwned and not issues and await pwned.knows(password):
        issues = [PWNED]
    if issues:
        raise rejection(issues)
    return await passwords.hash(password)


async def new_password_identity(
    visit: Visit,
    username: str,
    password: str,
    *,
    db: Database,
    passwords: Passwords,
    pwned: PwnedPasswords,
) -> NewPasswordRecord:
    """Return the record of an account that is to be made.

    Raises:
        RequestError: 422 user.username_*; 422 password.rejected.
        ServiceUnavailable: too many hashes wait already.
    """
    # 1. The name first: it costs nothing.
    check_username(username, visit.experience.username_policy)
    await check_is_free(
        db,
        tenant_id=visit.tenant_id,
        username=username,
        is_case_sensitive=visit.experience.username_policy.case_sensitive,
    )

    # 2. Then the password, by the policy, and hashed.
    digest = await new_password(
        visit,
        password,
        user_info=UserInfo(username=username),
        passwords=passwords,
        pwned=pwned,
    )
    return NewPasswordRecord(identifier=Identifier("username", username), password=digest)


@get([REGISTER, "/identifier-register"], include_in_schema=False)
async def show_register(visit: UseVisit, page: UsePage) -> Response[Any]:
    """Show the form for a new account, or the ways in when no account may be made."""
    if not visit.experience.allows_registration:
        return see_other(page.url(SIGN_IN))
    return register_page(page)


@post(REGISTER, status_code=200, include_in_schema=False)
async def register(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Make an account and sign in with it."""
    db, passwords, pwned = surface.db, surface.passwords, surface.pwned
    check_registration_is_open(visit)
    if "username" not in visit.experience.sign_up.identifiers:
        raise RequestError("auth.forbidden", status=403, detail="no sign-up with a user name")
    username, password = form.get("username", "").strip(), form.get("password", "")
    errors = _incomplete(visit, page, form)
    if errors:
        return register_page(page, username=username, errors=errors, status=422)
    try:
        record = await new_password_identity(
            visit,
            username,
            password,
            db=db,
            passwords=passwords,
            pwned=pwned,
        )
        state = FlowState(event=InteractionEvent.REGISTER).with_record(record)
        visit = msgspec.structs.replace(visit, state=state)
        state = await collect_profile(visit, verification_id=record.id, db=db)
        return await proceed(visit, state, page=page, db=db)
    except RequestError as error:
        errors = field_errors(error, visit.experience, page)
        if not errors:
            raise
        return register_page(page, username=username, errors=errors, status=error.status)


def register_page(
    page: HostedPage,
    *,
    username: str = "",
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """Render the page: what was typed stays, the password never comes back."""
    experience = page.experience
    has_form = "username" in experience.sign_up.identifiers
    return page.respond(
        "register.html",
        status=status,
        is_plain=not (username or errors),
        identifiers=["username"] if has_form else [],
        needs_password=has_form,
        policy=policy_view(experience.password_policy) if has_form else None,
        action=page.url(REGISTER),
        values={"username": username[:256]},
        errors=dict(errors or {}),
        form_error=None,
        must_agree=must_agree(experience),
        social=page.social,
        social_action=page.url(f"{REGISTER}/social"),
        sign_in_url=page.url(SIGN_IN) if experience.allows_sign_in else None,
        first_administrator=is_first_administrator(page),
    )


def is_first_administrator(page: HostedPage) -> bool:
    """Whether this registration makes the first administrator of the console."""
    is_open = page.experience.sign_in_mode is SignInMode.REGISTER
    return is_open and page.edge.tenant_id == ADMIN_TENANT and not page.is_preview


def must_agree(experience: Experience) -> bool:
    """Whether a new account must accept the terms by hand."""
    has_terms = experience.terms_of_use_url or experience.privacy_policy_url
    return bool(has_terms) and experience.agree_to_terms_policy != "Automatic"


def field_errors(error: RequestError, experience: Experience, page: HostedPage) -> dict[str, str]:
    """Return the texts of an error by the field they belong to; empty when it is no field's."""
    if error.code in _USERNAME_TEXTS:
        policy = experience.username_policy
        text = page.text(_USERNAME_TEXTS[error.code], min=policy.min_length, max=policy.max_length)
        return {"username": text}
    if error.code == "password.rejected":
        texts = [page.text(issue["code"], **issue.get("interpolation", {})) for issue in error.data]
        return {"password": " ".join(texts)}
    return {}


class UsernameBody(Body):
    """A user name on the wire; other identifiers need a code first."""

    type: Literal["username"]
    value: Annotated[str, Meta(max_length=256)]


class NewPasswordIdentityBody(Body):
    """The body of a new identity."""

    identifier: UsernameBody
    password: Annotated[str, Meta(max_length=_MAX_TYPED)]


@post("/api/experience/verification/new-password-identity", status_code=200, tags=["Experience"])
async def verify_new(
    data: NewPasswordIdentityBody, visit: UseVisit, surface: UseSurface
) -> VerificationView:
    """Prepare an account with user name and password."""
    db = surface.db
    check_started(visit)
    record = await new_password_identity(
        visit,
        data.identifier.value,
        data.password,
        db=db,
        passwords=surface.passwords,
        pwned=surface.pwned,
    )
    async with db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, visit.state.with_record(record))
    return VerificationView(verification_id=record.id)


def _incomplete(visit: Visit, page: HostedPage, form: Form) -> dict[str, str]:
    errors = {
        name: page.text("error.required")
        for name in ("username", "password")
        if not form.get(name, "").strip()
    }
    if must_agree(visit.experience) and not form.get("agree"):
        errors["agree"] = page.text("error.agree")
    return errors
