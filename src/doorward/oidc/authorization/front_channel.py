"""OpenID Connect Core sections 3.2.2.5 and 3.3.2.5: tokens from the authorization endpoint itself.

For clients that opted in. The ID token names what it was handed out with (`c_hash`, `at_hash`,
`s_hash`), so that none of it can be exchanged for another's on its way through the browser.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.grants.store import extend_grant
from doorward.keys.ring import current_keys
from doorward.kit.edge import Edge
from doorward.oidc.authorization.request import AuthorizationRequest
from doorward.oidc.errors import AccessDenied
from doorward.oidc.id_token import make_id_token
from doorward.oidc.provider import Provider
from doorward.oidc.request import NO_PARAMS
from doorward.oidc.subjects import subject_of
from doorward.oidc.tables import AuthorizationCode
from doorward.oidc.tokens import make_access_token, plan_access_token
from doorward.storage import Snapshot, Transaction
from doorward.users.store import find_user


async def issue_tokens(
    tx: Transaction,
    provider: Provider,
    snapshot: Snapshot,
    *,
    edge: Edge,
    request: AuthorizationRequest,
    held: AuthorizationCode,
    code: str | None,
    now: datetime,
) -> dict[str, str]:
    """Return the tokens as parameters of the answer.

    `code` is the one that is handed out beside them, if any; `held` is what all of them come from.

    Raises:
        AccessDenied: the user is gone.
    """
    tenant_id, client = snapshot.tenant_id, request.target.client
    lifetime = client.id_token_lifetime
    answer: dict[str, str] = {}

    # 1. The access token, of the kind that the token endpoint would give.
    access_token = None
    if "token" in request.response_type:
        plan = await plan_access_token(
            snapshot, tx, held=held, params=NO_PARAMS, scope=held.scope, is_first=True
        )
        ring = await current_keys(snapshot, sealer=provider.sealer)
        access_token = make_access_token(
            ring.current,
            plan=plan,
            held=held,
            subject=await subject_of(
                snapshot, client, user_id=held.user_id, sealer=provider.sealer
            ),
            edge=edge,
            sealer=provider.sealer,
            now=now,
        )
        lifetime = timedelta(seconds=plan.lifetime)
        # OpenID Connect Core section 3.2.2.5 and RFC 6749 section 4.2.2.
        answer |= {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": str(plan.lifetime),
            "scope": plan.scope,
        }

    # 2. The ID token, over all that goes with it (section 3.3.2.11).
    if "id_token" in request.response_type:
        user = await find_user(tx, tenant_id=tenant_id, user_id=held.user_id)
        if user is None:
            raise AccessDenied("the account cannot be used", detail=held.user_id)
        id_token = await make_id_token(
            provider,
            snapshot,
            tx,
            held=held,
            user=user,
            client=client,
            issuer=edge.issuer,
            scope=held.scope,
            access_token=access_token,
            code=code,
            state=request.target.state,
            nonce=request.nonce,
            now=int(now.timestamp()),
        )
        answer["id_token"] = str(id_token)

    # 3. The grant lasts as long as they do; a code beside them has a shorter life of its own.
    await extend_grant(
        tx,
        tenant_id=tenant_id,
        grant_id=held.grant_id,
        expires_at=max(held.expires_at, now + lifetime),
    )
    return answer
