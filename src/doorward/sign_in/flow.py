"""The one dispatcher of the flow: what a person does next, from what is stored and what is asked.

                    ┌──────────── Start (password, registration, a provider) ◄───────────┐
                    ▼                                                                    │
    nobody known ─► LinkAccount? ─► CompleteProfile? ─► CreateAccount ─┐        (start again)
    somebody known ──────────────► CompleteProfile? ──────────────────┴► Submit ─► /oidc/auth/{uid}

Pure: the pages and the Experience API call the same function, and neither decides by itself. Steps
never link to each other; each stores its outcome and comes back here.
"""

from __future__ import annotations

import msgspec

from doorward.sign_in.state import FlowState, InteractionEvent, PendingProfile, SocialRecord
from doorward.sign_in_experience.document import Experience


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What an account that signs in has already."""

    has_username: bool
    has_email: bool
    has_phone: bool
    has_password: bool
    has_identity: bool


NOBODY = Account(
    has_username=False, has_email=False, has_phone=False, has_password=False, has_identity=False
)


class Start(msgspec.Struct, frozen=True):
    """Nobody is known: show the ways in."""


class LinkAccount(msgspec.Struct, frozen=True):
    """Ask whether a new social identity belongs to an existing account."""


class CompleteProfile(msgspec.Struct, frozen=True):
    """Ask for what the tenant requires: names of the reference, in the order to ask."""

    missing: tuple[str, ...]


class CreateAccount(msgspec.Struct, frozen=True):
    """Everything is there: make the account."""


class Submit(msgspec.Struct, frozen=True):
    """Done: back to the application."""


Step = Start | LinkAccount | CompleteProfile | CreateAccount | Submit


def next_step(state: FlowState, experience: Experience, *, account: Account = NOBODY) -> Step:
    """Return what comes next; `account` is that of `state.user_id`."""
    # 1. Nobody is known yet.
    if state.user_id is None:
        if state.offer is not None:
            return LinkAccount()
        if state.event is not InteractionEvent.REGISTER or state.profile.is_empty:
            return Start()

    # 2. Somebody is, or is about to be: what is required and still missing?
    missing = missing_profile(state, experience, account=account)
    if missing:
        return CompleteProfile(missing)
    return CreateAccount() if state.user_id is None else Submit()


def missing_profile(
    state: FlowState, experience: Experience, *, account: Account = NOBODY
) -> tuple[str, ...]:
    """Return what the tenant requires of every account and this one lacks (section 6)."""
    social = state.find_record(SocialRecord)
    is_social = social is not None and social.person is not None
    if is_social and experience.social_sign_in.skip_required_identifiers:
        return ()
    has = _held(state.profile, account)
    return tuple(name for name in required_profile(experience) if name not in has)


def required_profile(experience: Experience) -> tuple[str, ...]:
    """Return the names of what every account must have."""
    sign_up = experience.sign_up
    first = tuple(str(identifier) for identifier in sign_up.identifiers)
    if set(first) == {"email", "phone"}:
        first = ("emailOrPhone",)
    second = tuple(entry.identifier for entry in sign_up.secondary_identifiers)
    return (*first, *second, *(("password",) if sign_up.password else ()))


def _held(profile: PendingProfile, account: Account) -> set[str]:
    has_email = account.has_email or profile.email is not None
    # A password requirement is met by any social identity.
    has_password = (
        account.has_password
        or account.has_identity
        or profile.password is not None
        or profile.identity is not None
    )
    held = {
        "username": account.has_username or profile.username is not None,
        "email": has_email,
        "phone": account.has_phone,
        "emailOrPhone": has_email or account.has_phone,
        "password": has_password,
    }
    return {name for name, is_held in held.items() if is_held}
