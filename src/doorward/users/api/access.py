"""/api/users/{id}/sessions and /api/users/{id}/grants."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import delete, get
from litestar.params import QueryParameter

from doorward.kit.clock import Clock, to_milliseconds
from doorward.kit.edge import Edge
from doorward.management.body import View
from doorward.storage import Database
from doorward.users import access
from doorward.users.access import GrantedAccess, Party, SignedIn, Target

_SESSIONS = "/api/users/{user_id:str}/sessions"
_GRANTS = "/api/users/{user_id:str}/grants"

RevokeTarget = Annotated[
    Literal["all", "firstParty"] | None, QueryParameter(name="revokeGrantsTarget")
]
AppType = Annotated[Literal["firstParty", "thirdParty"] | None, QueryParameter(name="appType")]


class AuthorizationView(View):
    """What one application holds in a session. `persistsLogout`: its grant outlives the session."""

    sid: str
    grant_id: str | None
    persists_logout: bool


class SessionPayload(View):
    """A session; times are in seconds. `authorizations` are by the id of the application."""

    exp: int
    iat: int
    jti: str
    uid: str
    kind: str
    login_ts: int
    account_id: str
    authorizations: dict[str, AuthorizationView]


class SessionView(View):
    """A session; `expiresAt` is in milliseconds, `clientId` the application it began with."""

    payload: SessionPayload
    last_submission: None
    client_id: str | None
    account_id: str
    expires_at: int


class SessionsView(View):
    """The sessions of a user."""

    sessions: list[SessionView]


class GrantPayload(View):
    """A grant; times are in seconds."""

    exp: int
    iat: int
    jti: str
    kind: str
    client_id: str
    account_id: str


class GrantedApplicationView(View):
    """Whom a grant is for."""

    id: str
    name: str


class GrantView(View):
    """A grant; `expiresAt` is in milliseconds."""

    id: str
    payload: GrantPayload
    expires_at: int
    application: GrantedApplicationView


class GrantsView(View):
    """The grants of a user."""

    grants: list[GrantView]


@get(_SESSIONS, tags=["Users"])
async def list_sessions(user_id: str, db: Database, edge: Edge, clock: Clock) -> SessionsView:
    """List where a user is signed in."""
    found = await access.list_signed_in(
        db, tenant_id=edge.tenant_id, user_id=user_id, now=clock.now()
    )
    return SessionsView(sessions=[_view_session(entry) for entry in found])


@get(f"{_SESSIONS}/{{session_id:str}}", tags=["Users"])
async def show_session(
    user_id: str, session_id: str, db: Database, edge: Edge, clock: Clock
) -> SessionView:
    """Show a session of a user."""
    tenant_id, now = edge.tenant_id, clock.now()
    session = await access.get_session(
        db, tenant_id=tenant_id, user_id=user_id, session_id=session_id, now=now
    )
    found = await access.list_signed_in(db, tenant_id=tenant_id, user_id=user_id, now=now)
    own = [entry for entry in found if entry.session.id == session.id]
    return _view_session(own[0] if own else SignedIn(session, (), ()))


@delete(f"{_SESSIONS}/{{session_id:str}}", tags=["Users"])
async def delete_session(
    user_id: str,
    session_id: str,
    db: Database,
    edge: Edge,
    clock: Clock,
    revoke_grants_target: RevokeTarget = None,
) -> None:
    """Sign a user out of one session; grants that outlive it end too where that is asked for."""
    async with db.transaction(edge.tenant_id) as tx:
        await access.sign_out(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            session_id=session_id,
            target=_target(revoke_grants_target),
            edge=edge,
            now=clock.now(),
        )


@delete(_SESSIONS, tags=["Users"])
async def delete_sessions(
    user_id: str,
    db: Database,
    edge: Edge,
    clock: Clock,
    revoke_grants_target: RevokeTarget = None,
) -> None:
    """Sign a user out everywhere."""
    async with db.transaction(edge.tenant_id) as tx:
        await access.sign_out_everywhere(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            target=_target(revoke_grants_target),
            edge=edge,
            now=clock.now(),
        )


@get(_GRANTS, tags=["Users"])
async def list_grants(
    user_id: str, db: Database, edge: Edge, clock: Clock, app_type: AppType = None
) -> GrantsView:
    """List what applications may do for a user."""
    found = await access.list_access(
        db,
        tenant_id=edge.tenant_id,
        user_id=user_id,
        now=clock.now(),
        party=_party(app_type),
    )
    return GrantsView(grants=[_view_grant(entry) for entry in found])


@delete(f"{_GRANTS}/{{grant_id:str}}", tags=["Users"])
async def delete_grant(user_id: str, grant_id: str, db: Database, edge: Edge, clock: Clock) -> None:
    """Revoke a grant, and every token of it."""
    async with db.transaction(edge.tenant_id) as tx:
        await access.revoke_access(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            grant_id=grant_id,
            edge=edge,
            now=clock.now(),
        )


@delete(_GRANTS, tags=["Users"])
async def delete_grants(
    user_id: str, db: Database, edge: Edge, clock: Clock, app_type: AppType = None
) -> None:
    """Revoke every grant of a user, or those to one kind of application."""
    async with db.transaction(edge.tenant_id) as tx:
        await access.revoke_all_access(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            edge=edge,
            now=clock.now(),
            party=_party(app_type),
        )


def _target(value: str | None) -> Target | None:
    return None if value is None else Target(value)


def _party(value: str | None) -> Party | None:
    return None if value is None else Party(value)


def _view_session(entry: SignedIn) -> SessionView:
    session = entry.session
    grants = {grant.client_id: grant for grant in entry.grants}
    authorizations = {}
    for client in entry.clients:
        grant = grants.get(client.client_id)
        authorizations[client.client_id] = AuthorizationView(
            sid=session.id,
            grant_id=grant.id if grant else None,
            persists_logout=grant.is_offline if grant else False,
        )
    expires_at = to_milliseconds(session.expires_at)
    return SessionView(
        payload=SessionPayload(
            exp=expires_at // 1000,
            iat=to_milliseconds(session.created_at) // 1000,
            jti=session.id,
            uid=session.id,
            kind="Session",
            login_ts=to_milliseconds(session.authenticated_at) // 1000,
            account_id=session.user_id,
            authorizations=authorizations,
        ),
        last_submission=None,
        client_id=entry.clients[0].client_id if entry.clients else None,
        account_id=session.user_id,
        expires_at=expires_at,
    )


def _view_grant(entry: GrantedAccess) -> GrantView:
    grant = entry.grant
    expires_at = to_milliseconds(grant.expires_at)
    return GrantView(
        id=grant.id,
        payload=GrantPayload(
            exp=expires_at // 1000,
            iat=to_milliseconds(grant.created_at) // 1000,
            jti=grant.id,
            kind="Grant",
            client_id=grant.client_id,
            account_id=grant.user_id,
        ),
        expires_at=expires_at,
        application=GrantedApplicationView(id=grant.client_id, name=entry.name),
    )


ACCESS_HANDLERS = (
    list_sessions,
    show_session,
    delete_session,
    delete_sessions,
    list_grants,
    delete_grant,
    delete_grants,
)
