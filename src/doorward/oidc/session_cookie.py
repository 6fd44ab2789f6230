"""OpenID Connect Core section 2, term "authentication session": the browser's cookie of it."""

from __future__ import annotations

from datetime import datetime

from doorward.kit.clock import Clock
from doorward.kit.cookies import clear_cookie, cookie_name, find_cookie, set_cookie
from doorward.kit.edge import Edge
from doorward.oidc.logout.session_state import ended_browser_state_cookie
from doorward.oidc.request import OidcRequest
from doorward.sessions.store import find_session
from doorward.sessions.tables import Session
from doorward.storage import Executor
from doorward.users.store import find_user

NAME = "_session"


def find_session_token(request: OidcRequest) -> str | None:
    """Return the value of the session's cookie, if the browser brought it; its session may be
    over."""
    return find_cookie(request.headers, cookie_name(NAME, edge=request.edge))


async def find_current_session(
    db: Executor, request: OidcRequest, *, clock: Clock
) -> Session | None:
    """Return the live session of this browser, unless its user is gone or suspended."""
    edge = request.edge
    token = find_session_token(request)
    if not token:
        return None
    session = await find_session(db, tenant_id=edge.tenant_id, token=token, now=clock.now())
    if session is None:
        return None
    user = await find_user(db, tenant_id=edge.tenant_id, user_id=session.user_id)
    return None if user is None or user.is_suspended else session


def session_cookie(token: str, session: Session, *, edge: Edge, now: datetime) -> str:
    """Return the Set-Cookie header value of a new session."""
    lifetime = session.expires_at - now
    return set_cookie(cookie_name(NAME, edge=edge), token, edge=edge, lifetime=lifetime)


def dead_session_cookies(request: OidcRequest) -> tuple[str, ...]:
    """Return what makes the browser forget a session that ended elsewhere, such as by an
    administrator, and its state. Where the session's cookie does not come along, as in the frame of
    another site, nothing says that it ended."""
    if find_session_token(request) is None:
        return ()
    return ended_session_cookies(edge=request.edge)


def ended_session_cookies(*, edge: Edge) -> tuple[str, ...]:
    """Return the Set-Cookie header values that forget the session, and its state."""
    forgotten = clear_cookie(cookie_name(NAME, edge=edge), edge=edge)
    return forgotten, ended_browser_state_cookie(edge=edge)
