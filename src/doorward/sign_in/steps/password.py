"""Identifier and password: the page /sign-in and POST /api/experience/verification/password."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from msgspec import Meta

from doorward.audit.store import record as audit
from doorward.errors import RequestError
from doorward.kit.clock import to_milliseconds
from doorward.management.body import Body
from doorward.security.attempts import (
    LockoutPolicy,
    check_not_locked,
    guess_of,
    record_failure,
)
from doorward.sign_in.hosted import HostedPage, UseForm, UsePage
from doorward.sign_in.identification import check_not_suspended, identify
from doorward.sign_in.proceed import REGISTER, SIGN_IN, proceed, see_other
from doorward.sign_in.state import FlowState, Identifier, InteractionEvent, PasswordRecord
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, Visit, check_started, save
from doorward.sign_in_experience.document import Experience, IdentifierType
from doorward.storage import Database, Executor, Transaction
from doorward.users import store as users
from doorward.users.passwords import PasswordDigest, Passwords, is_hashable
from doorward.users.tables import User

# Each part ends where the next one begins: with less, a long text of dots would take for ever.
_EMAIL = re.compile(r"\S+@[^\s@.]+(\.[^\s@.]+)+")
_PHONE = re.compile(r"\+?[\d\-( )]+")
_NOT_DIGIT = re.compile(r"\D")
_MAX_IDENTIFIER = 320
_FORM_ERRORS = {
    "session.invalid_credentials": "error.invalid_credentials",
    "session.verification_blocked_too_many_attempts": "error.too_many_attempts",
    "password.expired": "error.password_expired",
}


class PasswordProof(msgspec.Struct, frozen=True):
    """A right password; `rehashed` replaces a digest that was made in an older way."""

    record: PasswordRecord
    user: User
    rehashed: PasswordDigest | None


async def verify_password(
    visit: Visit, identifier: Identifier, password: str, *, db: Database, passwords: Passwords
) -> PasswordProof:
    """Verify a password, at the same cost whether or not the account exists.

    Raises:
        RequestError: 400 session.verification_blocked_too_many_attempts; 422
            session.invalid_credentials; 401 user.suspended; 422 password.expired.
        ServiceUnavailable: too many hashes wait already.
    """
    # 1. A locked identifier is refused whatever comes with it.
    guess = guess_of(identifier.value)
    tenant_id = visit.tenant_id
    await check_not_locked(db, tenant_id=tenant_id, guess=guess, now=visit.now)

    # 2. Compare. An unknown user costs as much as a wrong password.
    user = await find_user(visit, identifier, db=db)
    is_tried = is_hashable(password)
    outcome = await passwords.verify(user if is_tried else None, password if is_tried else "-")

    # 3. Count a failure, on its own: it must outlive the refusal.
    if user is None or not outcome.is_correct:
        policy = visit.experience.sentinel_policy
        lockout = LockoutPolicy(policy.max_attempts, timedelta(minutes=policy.lockout_duration))
        await record_failure(db, tenant_id=tenant_id, guess=guess, policy=lockout, now=visit.now)
        error = RequestError("session.invalid_credentials", status=422)
        await _audit_failure(visit, error, db=db)
        raise error

    # 4. Only who knows the password learns that the account is closed.
    check_not_suspended(user)
    if is_password_expired(user, visit.experience, now=visit.now):
        raise RequestError("password.expired", status=422)
    record = PasswordRecord(identifier=identifier, user_id=user.id)
    return PasswordProof(record=record, user=user, rehashed=outcome.rehashed)


async def find_user(visit: Visit, identifier: Identifier, *, db: Executor) -> User | None:
    """Return the user who is called so, or None."""
    value, tenant_id = identifier.value, visit.tenant_id
    # PostgreSQL stores no NUL and no half surrogate pair: nobody is called so.
    if "\0" in value or len(value) > _MAX_IDENTIFIER or not _is_unicode(value):
        return None
    if identifier.type == IdentifierType.EMAIL:
        return await users.find_user_by_email(db, tenant_id=tenant_id, email=value)
    if identifier.type == IdentifierType.PHONE:
        return await users.find_user_by_phone(db, tenant_id=tenant_id, phone=value)
    return await users.find_user_by_username(
        db,
        tenant_id=tenant_id,
        username=value,
        is_case_sensitive=visit.experience.username_policy.case_sensitive,
    )


def parse_identifier(text: str, allowed: Sequence[IdentifierType]) -> Identifier:
    """Return what somebody typed as the kind of identifier that it looks like."""
    text = text.strip()
    if len(text) > _MAX_IDENTIFIER:
        return Identifier(IdentifierType.USERNAME, text)
    if IdentifierType.EMAIL in allowed and _EMAIL.fullmatch(text):
        return Identifier(IdentifierType.EMAIL, text)
    if IdentifierType.PHONE in allowed and _PHONE.fullmatch(text):
        return _phone(text)
    return Identifier(IdentifierType.USERNAME, text)


def is_password_expired(user: User, experience: Experience, *, now: datetime) -> bool:
    """Tell whether a password must be changed first (section 10)."""
    if user.is_password_expired:
        return True
    expiration = experience.password_expiration
    if not expiration.enabled or expiration.valid_period_days is None:
        return False
    since = to_milliseconds(user.password_updated_at or user.created_at)
    if user.password_updated_at is None and expiration.enabled_at is not None:
        since = expiration.enabled_at
    age = timedelta(milliseconds=to_milliseconds(now) - since)
    return age >= timedelta(days=expiration.valid_period_days)


async def save_rehashed(tx: Transaction, visit: Visit, proof: PasswordProof) -> None:
    """Store a right password in today's way."""
    if proof.rehashed is not None:
        await users.update_user(
            tx,
            tenant_id=visit.tenant_id,
            user_id=proof.user.id,
            now=visit.now,
            password_digest=proof.rehashed.digest,
            password_algorithm=proof.rehashed.algorithm,
        )


@get(
    [SIGN_IN, "/identifier-sign-in", "/single-sign-on", "/reset-password"],
    include_in_schema=False,
)
async def show_sign_in(visit: UseVisit, page: UsePage) -> Response[Any]:
    """Show the ways in."""
    if not visit.experience.allows_sign_in:
        return see_other(page.url(REGISTER))
    hint = str(visit.interaction.params.get("login_hint") or "")
    return sign_in_page(page, identifier=hint[:_MAX_IDENTIFIER])


@post(SIGN_IN, status_code=200, include_in_schema=False)
async def sign_in(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Sign in with identifier and password."""
    db = surface.db
    typed, password = form.get("identifier", "").strip(), form.get("password", "")
    fields = {"identifier": typed, "password": password}
    missing = {name: page.text("error.required") for name, value in fields.items() if not value}
    if missing:
        return sign_in_page(page, identifier=typed, errors=missing, status=422)
    identifier = parse_identifier(typed, visit.experience.sign_in.password_identifiers)
    try:
        proof = await verify_password(
            visit, identifier, password, db=db, passwords=surface.passwords
        )
    except RequestError as error:
        if error.code not in _FORM_ERRORS:
            raise
        text = page.text(_FORM_ERRORS[error.code])
        return sign_in_page(page, identifier=typed, form_error=text, status=error.status)
    state = _proven(visit, proof.record)
    visit = msgspec.structs.replace(visit, state=state)
    state = await identify(
        visit, verification_id=proof.record.id, proven=proof.user, db=db, sealer=surface.sealer
    )
    return await proceed(
        visit, state, page=page, db=db, also=lambda tx: save_rehashed(tx, visit, proof)
    )


def sign_in_page(
    page: HostedPage,
    *,
    identifier: str = "",
    errors: dict[str, str] | None = None,
    form_error: str | None = None,
    status: int = 200,
) -> Response[str]:
    """Render the page: what was typed stays, the password never comes back."""
    experience = page.experience
    return page.respond(
        "sign_in.html",
        status=status,
        is_plain=not (identifier or errors or form_error),
        identifiers=[str(name) for name in experience.sign_in.password_identifiers],
        action=page.url(SIGN_IN),
        values={"identifier": identifier},
        errors=errors or {},
        form_error=form_error,
        social=page.social,
        social_action=page.url(f"{SIGN_IN}/social"),
        register_url=page.url(REGISTER) if offers_registration(experience) else None,
    )


def offers_registration(experience: Experience) -> bool:
    """Whether there is a form to make an account with; a provider's button makes one by itself."""
    return experience.allows_registration and bool(experience.sign_up.identifiers)


class IdentifierBody(Body):
    """An identifier on the wire."""

    type: Literal["username", "email", "phone"]
    value: Annotated[str, Meta(min_length=1, max_length=_MAX_IDENTIFIER)]

    def parsed(self) -> Identifier:
        """Return the value that the rules take."""
        return _phone(self.value) if self.type == "phone" else Identifier(self.type, self.value)


class PasswordBody(Body):
    """The body of a password verification."""

    identifier: IdentifierBody
    password: Annotated[str, Meta(min_length=1, max_length=4096)]


class VerificationView(Body):
    """The answer of a verification."""

    verification_id: str


@post("/api/experience/verification/password", status_code=200, tags=["Experience"])
async def verify(data: PasswordBody, visit: UseVisit, surface: UseSurface) -> VerificationView:
    """Verify a password."""
    check_started(visit)
    proof = await verify_password(
        visit,
        data.identifier.parsed(),
        data.password,
        db=surface.db,
        passwords=surface.passwords,
    )
    async with surface.db.transaction(visit.tenant_id) as tx:
        await save_rehashed(tx, visit, proof)
        await save(tx, visit, visit.state.with_record(proof.record))
    return VerificationView(verification_id=proof.record.id)


def _phone(text: str) -> Identifier:
    """Return a number as it is stored: digits alone. However it is written, it has one counter of
    failed attempts; else a hyphen more would be a new one."""
    return Identifier(IdentifierType.PHONE, _NOT_DIGIT.sub("", text))


def _proven(visit: Visit, record: PasswordRecord) -> FlowState:
    """Return the state of a sign-in that begins anew with this proof."""
    return FlowState(event=InteractionEvent.SIGN_IN).with_record(record)


async def _audit_failure(visit: Visit, error: RequestError, *, db: Database) -> None:
    async with db.transaction(visit.tenant_id) as tx:
        await audit(
            tx,
            tenant_id=visit.tenant_id,
            key="Interaction.SignIn.Verification.Password.Submit",
            edge=visit.edge,
            at=visit.now,
            result="Error",
            application_id=visit.interaction.client_id,
            error={"code": error.code},
        )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
