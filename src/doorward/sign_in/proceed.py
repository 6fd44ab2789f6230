"""Where every page step ends: `flow.next_step` says what is next, and the browser is sent there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from litestar.response import Redirect

from doorward.sign_in.flow import (
    CompleteProfile,
    CreateAccount,
    LinkAccount,
    Step,
    Submit,
    next_step,
)
from doorward.sign_in.hosted import HostedPage
from doorward.sign_in.state import FlowState
from doorward.sign_in.submission import (
    account_of,
    find_account,
    missing_refusal,
    register,
    submit,
)
from doorward.sign_in.visit import Visit, save
from doorward.storage import Database, Executor, Transaction
from doorward.users.tables import User

SIGN_IN = "/sign-in"
REGISTER = "/register"
LINK_ACCOUNT = "/social/link"
MISSING_PROFILE = "/missing-profile"

_ASKED_FOR = {"username", "password"}
Write = Callable[[Transaction], Awaitable[object]]


async def proceed(
    visit: Visit, state: FlowState, *, page: HostedPage, db: Database, also: Write | None = None
) -> Redirect:
    """Store the state, and whatever the step has to write (`also`), and go on to the next step.

    Raises:
        RequestError: what `register` and `submit` refuse; 422 user.missing_profile when something
            is missing that no page can ask for.
    """
    async with db.transaction(visit.tenant_id) as tx:
        user = await find_account(tx, visit, state)
        step = await find_next(visit, state, user, db=tx)
        if isinstance(step, CompleteProfile) and not _ASKED_FOR.issuperset(step.missing):
            raise missing_refusal(step)
        if also is not None:
            await also(tx)
        if isinstance(step, CreateAccount):
            state, user = await register(tx, visit, state)
        if isinstance(step, CreateAccount | Submit):
            await submit(tx, visit, state, user)
        else:
            await save(tx, visit, state)
    if isinstance(step, CreateAccount | Submit):
        return see_other(visit.return_url)
    return see_other(page_of(step, visit, page))


def page_of(step: Step, visit: Visit, page: HostedPage) -> str:
    """Return the address of the page that a step is asked on."""
    if isinstance(step, LinkAccount):
        return page.url(LINK_ACCOUNT)
    if isinstance(step, CompleteProfile):
        return page.url(MISSING_PROFILE)
    return page.url(SIGN_IN if visit.experience.allows_sign_in else REGISTER)


def see_other(url: str) -> Redirect:
    """Return a 303: whatever was posted, the browser goes on with a GET."""
    return Redirect(url, status_code=303, headers={"cache-control": "no-store"})


async def find_next(visit: Visit, state: FlowState, user: User | None, *, db: Executor) -> Step:
    """Return the next step of a state, whose account is `user`."""
    return next_step(state, visit.experience, account=await account_of(db, visit, user))
