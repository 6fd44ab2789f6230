"""RFC 8693: token exchange, an access token for another audience, or for somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.grants.store import add_grant
from doorward.grants.tables import Grant
from doorward.keys.ring import current_keys
from doorward.kit.ids import new_ordered_id
from doorward.oidc.errors import (
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    UnmetAuthenticationRequirements,
)
from doorward.oidc.exchangeable import ACCESS_TOKEN, Subject, find_actor, find_subject
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.scopes import OFFLINE_ACCESS, OPENID
from doorward.oidc.sender_constraint import Confirmation, token_type
from doorward.oidc.subjects import subjects_of
from doorward.oidc.tables import NO_CONTEXT, TokenContext
from doorward.oidc.tokens import (
    AccessPlan,
    TokenResponse,
    make_access_token,
    plan_access_token,
)
from doorward.resources.cached import find_default_resource
from doorward.storage import ForeignKeyViolation, Snapshot, Transaction
from doorward.subject_tokens.store import consume_token

MAX_ACTORS = 5
"""How long a chain of delegation may get (section 4.1)."""


class _TokenWasUsed(Exception):
    """Another request was faster; undoes the transaction."""


class Exchanged(msgspec.Struct, frozen=True):
    """What the new token says: an `Authorized` of `tokens.py`."""

    grant_id: str
    client_id: str
    user_id: str
    session_id: str | None
    scope: str
    resources: list[str]
    authenticated_at: datetime | None
    context: TokenContext


async def token_exchange(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    client: Client,
    *,
    cnf: Confirmation | None,
) -> TokenResponse:
    """Exchange a subject token, and perhaps an actor token, for an access token.

    Raises:
        InvalidRequest: section 2.2.2, subject or actor token are not good, or the request is not.
        InvalidTarget, InvalidScope: a resource or scope that cannot be had.
    """
    edge, params, now = request.edge, request.params, provider.clock.now()

    # 1. Section 2.1: what is asked for.
    if params.get("requested_token_type") not in {None, ACCESS_TOKEN}:
        raise InvalidRequest("unsupported requested_token_type")
    # Section 2.2.2: a target that would be ignored is refused; resources name targets here.
    if params.get("audience") is not None:
        raise InvalidTarget("the parameter audience is not supported, name a resource")

    # 2. For whom, and who acts for them.
    subject = await find_subject(request, provider, snapshot)
    actor = await find_actor(request, provider, snapshot)
    # RFC 9449 section 5: a token that is bound to a key is worth nothing without the key, and an
    # exchange must not be the way to shed the binding.
    for context in (subject.context, actor.context if actor else NO_CONTEXT):
        if any((cnf or {}).get(member) != value for member, value in (context.cnf or {}).items()):
            raise InvalidRequest("the request does not prove the key that its tokens are bound to")

    # 3. For what: of the scopes asked for those that roles grant, and no more than before.
    subjects = await subjects_of(snapshot, client, sealer=provider.sealer)
    held = Exchanged(
        grant_id=subject.grant_id or new_ordered_id(now),
        client_id=client.id,
        user_id=subject.user_id,
        session_id=subject.session_id,
        scope=_asked_scope(request, subject),
        resources=await _asked_resources(request, snapshot),
        authenticated_at=subject.authenticated_at,
        context=_context(subject, subjects.of(actor.user_id) if actor else None, cnf=cnf),
    )
    try:
        plan = await plan_access_token(
            snapshot, provider.db, held=held, params=params, scope=held.scope
        )
    except UnmetAuthenticationRequirements as error:
        # Section 2.2.2: no token can be issued for this target.
        raise InvalidTarget(error.description) from error
    plan = _narrowed(plan, subject, now=now)

    # 4. The token.
    key = (await current_keys(snapshot, sealer=provider.sealer)).current
    token = make_access_token(
        key,
        plan=plan,
        held=held,
        subject=subjects.of(subject.user_id),
        edge=edge,
        sealer=provider.sealer,
        now=now,
        is_granted=subject.grant_id is not None,
    )

    # 5. Use up what works once, store what an opaque token hangs on, write down who became whom.
    try:
        async with provider.db.transaction(edge.tenant_id) as tx:
            if subject.consumable is not None and not await consume_token(
                tx, tenant_id=edge.tenant_id, token_hash=subject.consumable, now=now
            ):
                raise _TokenWasUsed
            if plan.is_opaque and subject.grant_id is None:
                await _add_grant(tx, edge.tenant_id, held=held, lifetime=plan.lifetime, now=now)
            await record(
                tx,
                tenant_id=edge.tenant_id,
                key="ExchangeTokenBy.TokenExchange",
                edge=edge,
                at=now,
                user_id=subject.user_id,
                application_id=client.id,
                params=_audited(request, plan, subject, actor),
            )
    except (_TokenWasUsed, ForeignKeyViolation):
        raise InvalidRequest("subject token is invalid") from None
    return TokenResponse(
        access_token=token,
        expires_in=plan.lifetime,
        scope=plan.scope,
        token_type=token_type(cnf),
        issued_token_type=ACCESS_TOKEN,
    )


def _asked_scope(request: OidcRequest, subject: Subject) -> str:
    """The scopes asked for, or those that the subject token has. Nothing is offline here: there is
    no refresh token."""
    asked = request.params.get("scope") or subject.scope or ""
    return " ".join(name for name in dict.fromkeys(asked.split()) if name != OFFLINE_ACCESS)


async def _asked_resources(request: OidcRequest, snapshot: Snapshot) -> list[str]:
    if request.params.resources:
        return list(request.params.resources)
    default = await find_default_resource(snapshot)
    return [default.indicator] if default else []


def _context(subject: Subject, actor: str | None, *, cnf: Confirmation | None) -> TokenContext:
    """Return what the subject token said, with the actor at the head of its chain (section 4.1).

    An exchange without an actor keeps the chain: it must not make the earlier ones forgotten.

    Raises:
        InvalidRequest: the chain is too long.
    """
    before = subject.context.act
    act: dict[str, Any] | None = before
    if actor is not None:
        act = {"sub": actor} | ({"act": before} if before else {})
    if _length(act) > MAX_ACTORS:
        raise InvalidRequest("the chain of actors is too long")
    return TokenContext(
        acr=subject.context.acr,
        amr=subject.context.amr,
        cnf=cnf,
        act=act,
        subject_token_context=subject.context.subject_token_context,
    )


def _length(act: Any) -> int:
    length = 0
    while isinstance(act, dict):
        length, act = length + 1, act.get("act")
    return length


def _narrowed(plan: AccessPlan, subject: Subject, *, now: datetime) -> AccessPlan:
    """Return the plan within the limits of the subject token.

    What speaks of the person, or is for the same API, has at most the scopes that the subject token
    has; another API gives what the person's roles grant. Nothing outlives the token it came from,
    or exchanging again and again would be a refresh token that nobody issued.
    """
    scope = plan.scope
    if subject.scope is not None and plan.audience in {None, subject.audience}:
        # A scope of an API that is called like one about the person is not that one.
        had = subject.scope.split() if plan.audience == subject.audience else []
        scope = " ".join(name for name in scope.split() if name in had)
    if plan.audience is None and OPENID not in scope.split():
        if OPENID in plan.scope.split():
            raise InvalidScope("subject token missing requested scope", scope=OPENID)
        raise InvalidTarget("resource indicator is missing, or unknown")
    lifetime = plan.lifetime
    if subject.expires_at is not None:
        lifetime = min(lifetime, max(1, int((subject.expires_at - now).total_seconds())))
    return msgspec.structs.replace(plan, scope=scope, lifetime=lifetime)


async def _add_grant(
    tx: Transaction, tenant_id: str, *, held: Exchanged, lifetime: int, now: datetime
) -> None:
    """Store a grant for an opaque token. One that came of another opaque token hangs on the grant
    of that one, and ends with it."""
    grant = Grant(
        id=held.grant_id,
        user_id=held.user_id,
        client_id=held.client_id,
        session_id=None,
        is_offline=True,
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime),
    )
    await add_grant(tx, tenant_id=tenant_id, grant=grant)


def _audited(
    request: OidcRequest, plan: AccessPlan, subject: Subject, actor: Subject | None
) -> dict[str, Any]:
    told = {
        "subjectTokenType": request.params.get("subject_token_type"),
        "scope": plan.scope,
        "resource": plan.audience,
        "creatorId": subject.creator_id,
        "actorId": actor.user_id if actor else None,
    }
    return {name: value for name, value in told.items() if value is not None}
