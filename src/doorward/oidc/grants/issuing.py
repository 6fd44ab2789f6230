"""RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3: what grants about a person share.

    held, bound to its client ─► sign_tokens ─► Signed ─► (transaction of the grant:
                                  store_first_token, record_exchange) ─► Signed.answer

A grant decides whether it is good, this module what it turns into: a new grant cannot forget that
users are suspended, sessions end, or that the refresh token of a public client is bound.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.keys.ring import current_keys
from doorward.oidc.bearer import new_refresh_token
from doorward.oidc.errors import InvalidGrant
from doorward.oidc.id_token import make_id_token
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.sender_constraint import Confirmation, bound_to, token_type
from doorward.oidc.subjects import subject_of
from doorward.oidc.tokens import (
    GRANT_LIFETIME,
    AccessPlan,
    Held,
    TokenResponse,
    is_offline,
    make_access_token,
    plan_access_token,
    store_refresh_token,
)
from doorward.oidc.users import is_live_user
from doorward.storage import Snapshot, Transaction
from doorward.users.tables import User

MaybeToken = str | msgspec.UnsetType


class Signed(msgspec.Struct, frozen=True):
    """Tokens that are made and not handed out yet. `held` is bound to what the request proved."""

    held: Held
    plan: AccessPlan
    access_token: str
    id_token: MaybeToken

    def answer(
        self, *, cnf: Confirmation | None, refresh_token: MaybeToken = msgspec.UNSET
    ) -> TokenResponse:
        """Return the token response."""
        return TokenResponse(
            access_token=self.access_token,
            expires_in=self.plan.lifetime,
            scope=self.plan.scope,
            authorization_details=self.plan.authorization_details or msgspec.UNSET,
            token_type=token_type(cnf),
            id_token=self.id_token,
            refresh_token=refresh_token,
        )


async def sign_tokens(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    client: Client,
    *,
    held: Held,
    user: User,
    scope: str,
    nonce: str | None,
    now: datetime,
    is_first: bool = False,
) -> Signed:
    """Return an access token, and an ID token if `openid` was granted, for what is held. The first
    ones come of what the person has just answered.

    Raises:
        InvalidGrant: the user is suspended, or the session that this hangs on is over.
        InvalidTarget: a resource that was not authorized.
        UnmetAuthenticationRequirements: a resource that wants its users to sign in anew, or better.
    """
    edge, db = request.edge, provider.db

    # 1. The user is still welcome; without offline_access, still signed in.
    session_id = None if is_offline(held) else held.session_id
    if not await is_live_user(db, user, tenant_id=edge.tenant_id, session_id=session_id, now=now):
        raise InvalidGrant("the user or the session is gone")

    # 2. What the request gets of what was granted.
    plan = await plan_access_token(
        snapshot, db, held=held, params=request.params, scope=scope, is_first=is_first
    )

    # 3. Sign.
    key = (await current_keys(snapshot, sealer=provider.sealer)).current
    access_token = make_access_token(
        key,
        plan=plan,
        held=held,
        subject=await subject_of(snapshot, client, user_id=user.id, sealer=provider.sealer),
        edge=edge,
        sealer=provider.sealer,
        now=now,
    )
    id_token = await make_id_token(
        provider,
        snapshot,
        db,
        held=held,
        user=user,
        client=client,
        issuer=edge.issuer,
        scope=scope,
        access_token=access_token,
        nonce=nonce,
        now=int(now.timestamp()),
    )
    return Signed(held, plan, access_token, id_token)


def first_refresh_token(
    signed: Signed, *, is_wanted: bool, provider: Provider, tenant_id: str, now: datetime
) -> tuple[MaybeToken, datetime]:
    """Return the refresh token of a new grant, if it gets one, and when the grant ends."""
    if not is_wanted:
        return msgspec.UNSET, now + timedelta(seconds=signed.plan.lifetime)
    grant_id = signed.held.grant_id
    token = new_refresh_token(grant_id, tenant_id=tenant_id, sealer=provider.sealer)
    return token, now + GRANT_LIFETIME


async def store_first_token(
    tx: Transaction,
    *,
    tenant_id: str,
    signed: Signed,
    client: Client,
    refresh_token: MaybeToken,
    grant_expires_at: datetime,
    now: datetime,
) -> None:
    """Store the refresh token of a new grant, if it gets one.

    Raises:
        ForeignKeyViolation: the grant was revoked meanwhile.
    """
    if refresh_token is msgspec.UNSET:
        return
    held = signed.held
    await store_refresh_token(
        tx,
        tenant_id=tenant_id,
        # RFC 9449 section 5: the refresh token of a public client is bound as well.
        held=held if client.is_public else bound_to(held, None),
        token=refresh_token,
        expires_at=now + client.refresh_token_lifetime,
        family_expires_at=grant_expires_at,
        now=now,
    )


async def record_exchange(
    tx: Transaction, request: OidcRequest, *, key: str, signed: Signed, now: datetime
) -> None:
    """Write the audit entry of a token response."""
    held, plan = signed.held, signed.plan
    await record(
        tx,
        tenant_id=request.edge.tenant_id,
        key=key,
        edge=request.edge,
        at=now,
        user_id=held.user_id,
        application_id=held.client_id,
        session_id=held.session_id,
        params={"grantId": held.grant_id, "scope": plan.scope, "resource": plan.audience},
    )
