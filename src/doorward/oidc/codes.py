"""RFC 6749 section 4.1.2: a grant and the code that stands for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.grants.store import add_grant
from doorward.grants.tables import Grant
from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_id, new_token
from doorward.oidc.authorization_request import AuthorizationRequest
from doorward.oidc.store import add_code
from doorward.oidc.tables import AuthorizationCode, TokenContext
from doorward.sessions.tables import Session
from doorward.storage import Transaction

CODE_LIFETIME = timedelta(seconds=60)


async def issue_code(
    tx: Transaction,
    *,
    tenant_id: str,
    request: AuthorizationRequest,
    session: Session,
    now: datetime,
) -> str:
    """Store a grant with one code and return the code.

    The grant lasts as long as the code; the exchange extends it to what it then holds.
    """
    target = request.target
    expires_at = now + CODE_LIFETIME
    grant = Grant(
        id=new_id(),
        user_id=session.user_id,
        client_id=target.client.id,
        session_id=session.id,
        is_offline=request.is_offline,
        created_at=now,
        expires_at=expires_at,
    )
    await add_grant(tx, tenant_id=tenant_id, grant=grant)
    code = new_token()
    await add_code(
        tx,
        tenant_id=tenant_id,
        code=AuthorizationCode(
            code_hash=hash_token(code),
            grant_id=grant.id,
            client_id=grant.client_id,
            user_id=grant.user_id,
            session_id=session.id,
            redirect_uri=target.redirect_uri,
            is_redirect_uri_required=target.is_redirect_uri_required,
            code_challenge=request.code_challenge,
            nonce=request.nonce,
            scope=request.scope,
            resources=list(request.resources),
            context=TokenContext(amr=tuple(session.amr)),
            authenticated_at=session.authenticated_at,
            expires_at=expires_at,
            consumed_at=None,
        ),
    )
    return code
