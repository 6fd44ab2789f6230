"""Somebody is signed in, and the application wants to know who goes on (OpenID Connect Core section
3.1.2.1, prompt=select_account): the page /select-account.

Going on needs no proof, so it makes nothing stronger: `oidc/resume.py` answers with the session of
this browser as it is, and with nothing if that has ended.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get, post

from doorward.interactions.store import continue_interaction
from doorward.sessions.store import find_session_by_id
from doorward.sessions.tables import Session
from doorward.sign_in.hosted import UseForm, UsePage
from doorward.sign_in.proceed import SIGN_IN, see_other
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, Visit, overtaken
from doorward.storage import Database
from doorward.users.store import find_user
from doorward.users.tables import User

SELECT_ACCOUNT = "/select-account"


class Present(msgspec.Struct, frozen=True):
    """Who is signed in."""

    session: Session
    user: User


@get(SELECT_ACCOUNT, include_in_schema=False)
async def show_accounts(visit: UseVisit, page: UsePage, surface: UseSurface) -> Response[Any]:
    """Ask who goes on."""
    present = await _find_present(visit, surface.db)
    if present is None:
        return see_other(page.url(SIGN_IN))
    user = present.user
    identifier = user.username or user.primary_email or user.primary_phone
    return page.respond(
        "select_account.html",
        action=page.url(SELECT_ACCOUNT),
        name=user.name or identifier or user.id,
        identifier=identifier if user.name else None,
    )


@post(SELECT_ACCOUNT, status_code=200, include_in_schema=False)
async def choose(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Go on as who is signed in, or sign in as somebody else."""
    present = await _find_present(visit, surface.db)
    if present is None or form.get("choice") != "continue":
        return see_other(page.url(SIGN_IN))
    session = present.session
    async with surface.db.transaction(visit.tenant_id) as tx:
        is_first = await continue_interaction(
            tx,
            tenant_id=visit.tenant_id,
            interaction=visit.interaction,
            session_id=session.id,
            user_id=session.user_id,
            authenticated_at=session.authenticated_at,
            amr=session.amr,
        )
        if not is_first:
            raise overtaken()
    return see_other(visit.return_url)


async def _find_present(visit: Visit, db: Database) -> Present | None:
    """Return who was signed in when the request arrived, if they still are, and if it asked."""
    interaction = visit.interaction
    # Opened by hand in any other sign-in, such as a device's, the page has nothing to offer.
    is_asked = "select_account" in str(interaction.params.get("prompt", "")).split()
    if interaction.session_id is None or not is_asked:
        return None
    session = await find_session_by_id(
        db, tenant_id=visit.tenant_id, session_id=interaction.session_id, now=visit.now
    )
    if session is None:
        return None
    user = await find_user(db, tenant_id=visit.tenant_id, user_id=session.user_id)
    return None if user is None or user.is_suspended else Present(session, user)
