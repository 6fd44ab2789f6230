"""RFC 6749 section 4.1.2: a grant and what stands for it, as the response type asks.

code      stored as a hash, to be exchanged at the token endpoint
id_token, token     made here, for clients that opted in (`authorization/front_channel.py`)
none      nothing at all: the client learns that the person is known, and no more
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.grants.store import add_grant
from doorward.grants.tables import Grant
from doorward.kit.crypto import hash_token
from doorward.kit.edge import Edge
from doorward.kit.ids import new_id, new_ordered_id, new_token
from doorward.oidc.authorization.request import AuthorizationRequest
from doorward.oidc.authorization.response_type import FRONT_CHANNEL
from doorward.oidc.authorization.step_up import answered_acr
from doorward.oidc.grant_limit import keep_to_limit
from doorward.oidc.id_token import prepare_id_token
from doorward.oidc.logout.session_state import origin_of, session_state
from doorward.oidc.provider import Provider
from doorward.oidc.scopes import OPENID
from doorward.oidc.store import add_code
from doorward.oidc.tables import AuthorizationCode, TokenContext
from doorward.sessions.store import join_session
from doorward.sessions.tables import Session
from doorward.storage import Snapshot, Transaction

CODE_LIFETIME = timedelta(seconds=60)


async def prepare_answer(
    provider: Provider, snapshot: Snapshot, *, request: AuthorizationRequest
) -> None:
    """Have at hand what tokens of this answer are made with. Called before a transaction: the first
    key of an algorithm and the like are stored in one of their own, and keys of clients fetched.

    Raises:
        InvalidRequest: the client wants its ID token encrypted and has no key for that.
    """
    if not request.response_type.isdisjoint(FRONT_CHANNEL):
        await prepare_id_token(provider, snapshot, client=request.target.client)


async def issue_answer(
    tx: Transaction,
    provider: Provider,
    snapshot: Snapshot,
    *,
    edge: Edge,
    request: AuthorizationRequest,
    session: Session,
    now: datetime,
) -> dict[str, str]:
    """Store a grant with what stands for it and return the parameters of the answer.

    `prepare_answer` was called before the transaction. The grant lasts as long as the code; the
    exchange extends it to what it then holds.
    """
    # 1. Multiple Response Types section 4: nothing to hand out.
    if "none" in request.response_type:
        return {}

    # 2. The grant.
    code = new_token()
    held = _code(code, request=request, session=session, now=now)
    grant = Grant(
        id=held.grant_id,
        user_id=held.user_id,
        client_id=held.client_id,
        session_id=held.session_id,
        is_offline=request.is_offline,
        created_at=now,
        expires_at=held.expires_at,
    )
    await add_grant(tx, tenant_id=snapshot.tenant_id, grant=grant)
    limit = request.target.client.max_allowed_grants
    if limit is not None:
        await keep_to_limit(tx, edge, limit=limit, made=grant, now=now)
    await join_session(
        tx,
        tenant_id=snapshot.tenant_id,
        session_id=session.id,
        client_id=held.client_id,
        now=now,
    )

    # 3. The code.
    answer: dict[str, str] = {}
    if "code" in request.response_type:
        await add_code(tx, tenant_id=snapshot.tenant_id, code=held)
        answer["code"] = code

    # 4. Tokens, where an application takes them from here.
    if not request.response_type.isdisjoint(FRONT_CHANNEL):
        # Imported here: hardly anybody does.
        from doorward.oidc.authorization.front_channel import issue_tokens

        answer |= await issue_tokens(
            tx,
            provider,
            snapshot,
            edge=edge,
            request=request,
            held=held,
            code=answer.get("code"),
            now=now,
        )

    # 5. What a page of the client compares, to see that the session has ended.
    return answer | _session_state(provider, request, session)


def _session_state(
    provider: Provider, request: AuthorizationRequest, session: Session
) -> dict[str, str]:
    """Session Management 1.0 section 2: what a page of the client compares, if it has pages."""
    origin = origin_of(request.target.redirect_uri)
    if origin is None or OPENID not in request.scope.split():
        return {}
    client_id = request.target.client.id
    state = session_state(client_id, origin, session, new_id(), sealer=provider.sealer)
    return {"session_state": state}


def _code(
    code: str, *, request: AuthorizationRequest, session: Session, now: datetime
) -> AuthorizationCode:
    target = request.target
    return AuthorizationCode(
        code_hash=hash_token(code),
        # Its rows, and those of the tokens to come, are written beside others of this moment.
        grant_id=new_ordered_id(now),
        client_id=target.client.id,
        user_id=session.user_id,
        session_id=session.id,
        redirect_uri=target.redirect_uri,
        is_redirect_uri_required=target.is_redirect_uri_required,
        code_challenge=request.code_challenge,
        nonce=request.nonce,
        scope=request.scope,
        resources=list(request.resources),
        context=TokenContext(
            acr=answered_acr(request.demand, session.amr),
            amr=tuple(session.amr),
            dpop_jkt=request.dpop_jkt,
            consented=request.consented,
            claims=request.claims.stored(),
            authorization_details=request.authorization_details,
        ),
        authenticated_at=session.authenticated_at,
        expires_at=now + CODE_LIFETIME,
        consumed_at=None,
    )
