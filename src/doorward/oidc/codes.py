"""RFC 6749 section 4.1.2: a grant and what stands for it, as the response type asks.

code      stored as a hash, to be exchanged at the token endpoint
id_token, token     made here, for clients that opted in (`front_channel.py`)
none      nothing at all: the client learns that the person is known, and no more
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.grants.store import add_grant
from doorward.grants.tables import Grant
from doorward.keys.ring import signing_key
from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_id, new_token
from doorward.kit.jose import SigningKey
from doorward.oidc.authorization_request import AuthorizationRequest
from doorward.oidc.provider import Provider
from doorward.oidc.response_type import FRONT_CHANNEL
from doorward.oidc.store import add_code
from doorward.oidc.tables import AuthorizationCode, TokenContext
from doorward.sessions.tables import Session
from doorward.storage import Snapshot, Transaction

CODE_LIFETIME = timedelta(seconds=60)


async def answer_key(
    provider: Provider, snapshot: Snapshot, *, request: AuthorizationRequest
) -> SigningKey:
    """Return the key of ID tokens for the client of a request. Asked for before a transaction, for
    the first key of an algorithm is stored in one of its own."""
    algorithm = request.target.client.metadata.id_token_signed_response_alg
    return await signing_key(snapshot, algorithm, sealer=provider.sealer)


async def issue_answer(
    tx: Transaction,
    provider: Provider,
    snapshot: Snapshot,
    *,
    key: SigningKey,
    issuer: str,
    request: AuthorizationRequest,
    session: Session,
    now: datetime,
) -> dict[str, str]:
    """Store a grant with what stands for it and return the parameters of the answer.

    `key` is what `answer_key` returned before the transaction. The grant lasts as long as the
    code; the exchange extends it to what it then holds.
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

    # 3. The code.
    answer: dict[str, str] = {}
    if "code" in request.response_type:
        await add_code(tx, tenant_id=snapshot.tenant_id, code=held)
        answer["code"] = code

    # 4. Tokens, where an application takes them from here.
    if not request.response_type.isdisjoint(FRONT_CHANNEL):
        # Imported here: hardly anybody does.
        from doorward.oidc.front_channel import issue_tokens

        answer |= await issue_tokens(
            tx,
            provider,
            snapshot,
            key=key,
            issuer=issuer,
            request=request,
            held=held,
            code=answer.get("code"),
            now=now,
        )
    return answer


def _code(
    code: str, *, request: AuthorizationRequest, session: Session, now: datetime
) -> AuthorizationCode:
    target = request.target
    return AuthorizationCode(
        code_hash=hash_token(code),
        grant_id=new_id(),
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
            amr=tuple(session.amr), dpop_jkt=request.dpop_jkt, consented=request.consented
        ),
        authenticated_at=session.authenticated_at,
        expires_at=now + CODE_LIFETIME,
        consumed_at=None,
    )
