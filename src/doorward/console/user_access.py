"""Where a user is signed in and what applications may do for them, and the end of both."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from doorward.applications.store import list_applications_by_id
from doorward.console.console import AnyRequest, Console
from doorward.console.lists import list_query
from doorward.console.users import PAGE, name_of
from doorward.kit.clock import Clock
from doorward.storage import Database
from doorward.users import access
from doorward.users.access import GrantedAccess, Party, SignedIn, Target
from doorward.users.accounts import get_user

_PATH = f"{PAGE}/{{user_id:str}}/sessions"
_GRANTED_PAGE = "granted"
# In this order: Edge and Opera also say that they are Chrome, and Chrome that it is Safari.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


@get(_PATH, include_in_schema=False)
async def show_access(
    request: AnyRequest, console: Console, user_id: str, db: Database, clock: Clock
) -> Response[str]:
    """List the sessions and the grants of a user, newest first."""
    tenant_id, now = console.tenant_id, clock.now()
    user = await get_user(db, tenant_id=tenant_id, user_id=user_id)
    sessions = await access.list_signed_in(db, tenant_id=tenant_id, user_id=user_id, now=now)
    granted = await access.list_access(db, tenant_id=tenant_id, user_id=user_id, now=now)
    of_sessions = list_query(request, _GRANTED_PAGE)
    of_granted = list_query(request, "page", parameter=_GRANTED_PAGE)
    session_page = of_sessions.cut(sessions[::-1])
    granted_page = of_granted.cut(granted[::-1])
    ids = [client.client_id for entry in session_page.entries for client in entry.clients]
    found = await list_applications_by_id(db, tenant_id=tenant_id, ids=ids) if ids else []
    names = {application.id: application.name for application in found}
    return console.page(
        "user_access.html",
        user={
            "id": user.id,
            "shown_name": name_of(console, user),
            "avatar_url": user.avatar,
            "is_suspended": user.is_suspended,
        },
        sessions=[_session_row(console, entry, names) for entry in session_page.entries],
        session_paging=of_sessions.paging(session_page),
        granted=[_grant_row(entry) for entry in granted_page.entries],
        granted_paging=of_granted.paging(granted_page),
    )


@post(f"{_PATH}/end", include_in_schema=False)
async def end_session(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Sign a user out of one session; what outlives it stays."""
    session_id = console.form.text("session_id")
    async with db.transaction(console.tenant_id) as tx:
        await access.sign_out(
            tx,
            tenant_id=console.tenant_id,
            user_id=user_id,
            session_id=session_id,
            target=None,
            edge=console.edge,
            now=clock.now(),
        )
        await console.audit(tx, "User.Session.Ended", at=clock.now(), id=user_id, sid=session_id)
    return console.redirect(f"{PAGE}/{user_id}/sessions", toast="toast.session_ended")


@post(f"{_PATH}/end-all", include_in_schema=False)
async def end_everything(
    console: Console, user_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Sign a user out everywhere and revoke all access: after a lost device or a stolen token."""
    tenant_id, now = console.tenant_id, clock.now()
    async with db.transaction(tenant_id) as tx:
        await get_user(tx, tenant_id=tenant_id, user_id=user_id)
        await access.sign_out_everywhere(
            tx,
            tenant_id=tenant_id,
            user_id=user_id,
            target=Target.ALL,
            edge=console.edge,
            now=now,
        )
        # What began in a session that is over, or in none.
        await access.revoke_all_access(
            tx, tenant_id=tenant_id, user_id=user_id, edge=console.edge, now=now
        )
        await console.audit(tx, "User.Sessions.Ended", at=now, id=user_id)
    return console.redirect(f"{PAGE}/{user_id}/sessions", toast="toast.sessions_ended")


@post(f"{_PATH}/revoke", include_in_schema=False)
async def revoke_grant(console: Console, user_id: str, db: Database, clock: Clock) -> Response[str]:
    """Take away what an application may do for a user, with every token of it."""
    grant_id = console.form.text("grant_id")
    async with db.transaction(console.tenant_id) as tx:
        await access.revoke_access(
            tx,
            tenant_id=console.tenant_id,
            user_id=user_id,
            grant_id=grant_id,
            edge=console.edge,
            now=clock.now(),
        )
        await console.audit(tx, "User.Grant.Revoked", at=clock.now(), id=user_id, grant=grant_id)
    return console.redirect(f"{PAGE}/{user_id}/sessions", toast="toast.access_revoked")


def _session_row(console: Console, entry: SignedIn, names: dict[str, str]) -> dict[str, Any]:
    session = entry.session
    return {
        "id": session.id,
        "device": _device_of(session.user_agent) or console.text("access.unknown_device"),
        "ip": session.ip,
        "applications": [names.get(one.client_id, one.client_id) for one in entry.clients],
        "authenticated_at": session.authenticated_at,
        "expires_at": session.expires_at,
    }


def _grant_row(entry: GrantedAccess) -> dict[str, Any]:
    client_id = entry.grant.client_id
    return {
        "id": entry.grant.id,
        "name": entry.name,
        # A client that is known by its document (its id is a URL) has no page.
        "url": None if entry.name == client_id else f"/console/applications/{client_id}",
        "is_third_party": entry.party is Party.THIRD,
        "is_offline": entry.grant.is_offline,
        "created_at": entry.grant.created_at,
        "expires_at": entry.grant.expires_at,
    }


def _device_of(user_agent: str | None) -> str | None:
    """Return "Firefox, Linux" of what a browser says of itself; None where it says neither."""
    parts = [
        next((name for mark, name in known.items() if mark in (user_agent or "")), None)
        for known in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(part for part in parts if part) or None
