"""Where a user is signed in and what applications may do for them, and the end of both.

The API and the console call the same functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from doorward.applications.store import list_applications_by_id
from doorward.audit.store import record
from doorward.consents.store import withdraw_consent
from doorward.errors import RequestError
from doorward.grants.store import (
    end_grant,
    find_grant,
    list_grants_of_user,
    list_grants_to,
)
from doorward.grants.tables import Grant
from doorward.kit.edge import Edge
from doorward.sessions.ending import end_session
from doorward.sessions.store import (
    find_session_by_id,
    list_session_clients_of_user,
    list_sessions_of_user,
)
from doorward.sessions.tables import Session, SessionClient
from doorward.storage import Executor, Transaction


class Party(StrEnum):
    """Whose application it is."""

    FIRST = "firstParty"
    THIRD = "thirdParty"


class Target(StrEnum):
    """Which grants end with a session, beside those that live with it anyway."""

    ALL = "all"
    FIRST_PARTY = "firstParty"


class GrantedAccess(msgspec.Struct, frozen=True):
    """A grant with the application it is for. One without a row is known by its id alone."""

    grant: Grant
    name: str
    party: Party


class SignedIn(msgspec.Struct, frozen=True):
    """A session with the applications that take part in it, and its grants."""

    session: Session
    clients: tuple[SessionClient, ...]
    grants: tuple[Grant, ...]


async def list_access(
    db: Executor, *, tenant_id: str, user_id: str, now: datetime, party: Party | None = None
) -> list[GrantedAccess]:
    """Return what applications hold of a user, oldest first."""
    grants = await list_grants_of_user(db, tenant_id=tenant_id, user_id=user_id, now=now)
    access = await _with_applications(db, tenant_id=tenant_id, grants=grants)
    return [entry for entry in access if party in {None, entry.party}]


async def list_signed_in(
    db: Executor, *, tenant_id: str, user_id: str, now: datetime
) -> list[SignedIn]:
    """Return the live sessions of a user, oldest first."""
    sessions = await list_sessions_of_user(db, tenant_id=tenant_id, user_id=user_id, now=now)
    clients = await list_session_clients_of_user(db, tenant_id=tenant_id, user_id=user_id)
    grants = await list_grants_of_user(db, tenant_id=tenant_id, user_id=user_id, now=now)

    # A user may have thousands of each: they are sorted once, not searched for every session.
    clients_of: defaultdict[str, list[SessionClient]] = defaultdict(list)
    for client in clients:
        clients_of[client.session_id].append(client)
    grants_of: defaultdict[str | None, list[Grant]] = defaultdict(list)
    for grant in grants:
        grants_of[grant.session_id].append(grant)
    return [
        SignedIn(
            session=session,
            clients=tuple(clients_of[session.id]),
            grants=tuple(grants_of[session.id]),
        )
        for session in sessions
    ]


async def revoke_access(
    tx: Transaction, *, tenant_id: str, user_id: str, grant_id: str, edge: Edge, now: datetime
) -> None:
    """End a grant. With the last one of a third party's application goes the user's consent.

    Raises:
        RequestError: 404 entity.not_found, the user has no such grant.
    """
    grant = await find_grant(tx, tenant_id=tenant_id, grant_id=grant_id)
    if grant is None or grant.user_id != user_id:
        raise RequestError("entity.not_found", status=404)
    await _revoke(tx, tenant_id=tenant_id, user_id=user_id, grants=[grant], edge=edge, now=now)


async def revoke_all_access(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    edge: Edge,
    now: datetime,
    party: Party | None = None,
) -> int:
    """End every grant of a user, or those to one kind of application; return how many."""
    access = await list_access(tx, tenant_id=tenant_id, user_id=user_id, now=now, party=party)
    grants = [entry.grant for entry in access]
    await _revoke(tx, tenant_id=tenant_id, user_id=user_id, grants=grants, edge=edge, now=now)
    return len(grants)


async def sign_out_everywhere(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    target: Target | None,
    edge: Edge,
    now: datetime,
) -> int:
    """End every session of a user as `sign_out` does one; return how many."""
    sessions = await list_sessions_of_user(tx, tenant_id=tenant_id, user_id=user_id, now=now)
    await _end(
        tx,
        tenant_id=tenant_id,
        user_id=user_id,
        sessions=sessions,
        target=target,
        edge=edge,
        now=now,
    )
    return len(sessions)


async def sign_out(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    session_id: str,
    target: Target | None,
    edge: Edge,
    now: datetime,
) -> None:
    """End a session with the grants that live with it, and those of `target` that began in it.

    Raises:
        RequestError: as `get_session`.
    """
    session = await get_session(
        tx, tenant_id=tenant_id, user_id=user_id, session_id=session_id, now=now
    )
    await _end(
        tx,
        tenant_id=tenant_id,
        user_id=user_id,
        sessions=[session],
        target=target,
        edge=edge,
        now=now,
    )


async def get_session(
    db: Executor, *, tenant_id: str, user_id: str, session_id: str, now: datetime
) -> Session:
    """Return a live session of a user.

    Raises:
        RequestError: 404 oidc.session_not_found, oidc.invalid_session_account_id.
    """
    session = await find_session_by_id(db, tenant_id=tenant_id, session_id=session_id, now=now)
    if session is None:
        raise RequestError("oidc.session_not_found", status=404)
    if session.user_id != user_id:
        raise RequestError("oidc.invalid_session_account_id", status=404)
    return session


async def _end(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    sessions: list[Session],
    target: Target | None,
    edge: Edge,
    now: datetime,
) -> None:
    for session in sessions:
        await end_session(tx, tenant_id=tenant_id, session_id=session.id, now=now)
    if target is None:
        return
    party = Party.FIRST if target is Target.FIRST_PARTY else None
    access = await list_access(tx, tenant_id=tenant_id, user_id=user_id, now=now, party=party)
    ended = {session.id for session in sessions}
    grants = [entry.grant for entry in access if entry.grant.session_id in ended]
    await _revoke(tx, tenant_id=tenant_id, user_id=user_id, grants=grants, edge=edge, now=now)


async def _revoke(
    tx: Transaction,
    *,
    tenant_id: str,
    user_id: str,
    grants: Iterable[Grant],
    edge: Edge,
    now: datetime,
) -> None:
    by_client: dict[str, list[str]] = {}
    for grant in grants:
        if await end_grant(tx, tenant_id=tenant_id, grant_id=grant.id):
            by_client.setdefault(grant.client_id, []).append(grant.id)
    for client_id, ids in by_client.items():
        if not await list_grants_to(
            tx, tenant_id=tenant_id, user_id=user_id, client_id=client_id, now=now
        ):
            await withdraw_consent(tx, tenant_id=tenant_id, user_id=user_id, client_id=client_id)
        await record(
            tx,
            tenant_id=tenant_id,
            key="RevokeGrants",
            edge=edge,
            at=now,
            user_id=user_id,
            application_id=client_id,
            params={"grantIds": ids},
        )


async def _with_applications(
    db: Executor, *, tenant_id: str, grants: list[Grant]
) -> list[GrantedAccess]:
    ids = [grant.client_id for grant in grants]
    found = await list_applications_by_id(db, tenant_id=tenant_id, ids=ids) if ids else []
    by_id = {application.id: application for application in found}
    access = []
    for grant in grants:
        application = by_id.get(grant.client_id)
        # Nobody vouches for a client that has no row.
        is_third = application is None or application.is_third_party
        access.append(
            GrantedAccess(
                grant=grant,
                name=application.name if application else grant.client_id,
                party=Party.THIRD if is_third else Party.FIRST,
            )
        )
    return access
