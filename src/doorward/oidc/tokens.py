"""RFC 9068 (JWT access tokens), RFC 6749 section 1.5 (opaque ones and refresh tokens).

    held (a code or refresh token) ─► plan_access_token ─┬─► resource named     JWT, at+jwt, or
                                                         │                      opaque if it says so
                                                         └─► otherwise          opaque, for userinfo
                                   ─► make_access_token      signed or sealed: nothing is stored
    then, in the transaction of the grant: store_refresh_token

Reading, deciding and signing come before the transaction, which only writes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from doorward.consents.asked import disallowed_scopes
from doorward.consents.ceiling import current_ceiling
from doorward.kit.clock import to_milliseconds
from doorward.kit.crypto import Sealer, hash_token
from doorward.kit.edge import Edge
from doorward.kit.ids import new_id
from doorward.kit.jose import SigningKey
from doorward.oidc.authorization.authorization_details import PARAMETER, details_of_token
from doorward.oidc.authorization.step_up import check_api_demand
from doorward.oidc.bearer import AccessToken, seal_access_token
from doorward.oidc.errors import AccessDenied, InvalidTarget
from doorward.oidc.request import Params
from doorward.oidc.scopes import OFFLINE_ACCESS, OPENID, oidc_scopes, resource_scopes
from doorward.oidc.store import add_refresh_token
from doorward.oidc.tables import NO_CONTEXT, RefreshToken, TokenContext
from doorward.resources.cached import find_resource
from doorward.security.levels import is_at_least
from doorward.storage import Executor, Snapshot, Transaction

OPAQUE_LIFETIME = 3600
GRANT_LIFETIME = timedelta(days=180)


class Authorized(Protocol):
    """What every authorization carries; `authenticated_at` is None where nobody signed in."""

    @property
    def grant_id(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def session_id(self) -> str | None: ...
    @property
    def scope(self) -> str: ...
    @property
    def resources(self) -> list[str]: ...
    @property
    def authenticated_at(self) -> datetime | None: ...
    @property
    def context(self) -> TokenContext: ...


class Held(Authorized, Protocol):
    """What a code and a refresh token both carry: somebody signed in for it."""

    @property
    def authenticated_at(self) -> datetime: ...


class AccessTokenClaims(msgspec.Struct, frozen=True):
    """RFC 9068 section 2.2. `scope` is there even when it is empty; the rest only where it applies.

    `act` is RFC 8693 section 4.1, `cnf` RFC 7800, `authorization_details` RFC 9396 section 9.1.
    `grant_id` is ours: by it introspection and token exchange know that a token's grant was ended.
    Organizations and an operator's own claims will find their place here.
    """

    jti: str
    sub: str
    iat: int
    exp: int
    scope: str
    client_id: str
    iss: str
    aud: str
    auth_time: int | msgspec.UnsetType = msgspec.UNSET
    acr: str | msgspec.UnsetType = msgspec.UNSET
    amr: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    cnf: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    act: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    authorization_details: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    grant_id: str | msgspec.UnsetType = msgspec.UNSET


class TokenResponse(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3, RFC 8693 section 2.2.1, RFC 9396
    section 7."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105 (RFC 6750)
    authorization_details: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    id_token: str | msgspec.UnsetType = msgspec.UNSET
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    issued_token_type: str | msgspec.UnsetType = msgspec.UNSET


class AccessPlan(msgspec.Struct, frozen=True):
    """An access token to be made: for an API, or for userinfo when `audience` is None. `acr` is the
    API's demand, which was met."""

    audience: str | None
    scope: str
    lifetime: int
    is_opaque: bool = True
    authorization_details: list[dict[str, Any]] | None = None
    acr: str | None = None


def is_offline(held: Authorized) -> bool:
    """Tell whether what is held outlives its session."""
    return OFFLINE_ACCESS in held.scope.split()


async def plan_access_token(
    snapshot: Snapshot,
    db: Executor,
    *,
    held: Authorized,
    params: Params,
    scope: str,
    is_first: bool = False,
) -> AccessPlan:
    """Decide what kind of access token a request gets. `scope` is what it may have at most. The
    first token follows upon the person's answer, where the age of the sign-in was judged.

    Raises:
        InvalidTarget: more than one resource, or one that was not in the authorization request.
        AccessDenied: an organization that the user is no member of.
        UnmetAuthenticationRequirements: the resource wants its users to sign in anew, or better.
    """
    # 1. No organization exists here, so nobody is a member of one.
    if params.get("organization_id") is not None:
        raise AccessDenied("user is not a member of the organization", status=403)

    # 2. A third party loses what its ceiling loses, and never had what the user did not allow.
    consented = held.context.consented
    if consented is not None:
        scope = await within_ceiling(snapshot, held=held, scope=scope)

    # 3. RFC 8707 section 2.2: one resource a token, and of those that were authorized.
    audience = _audience(held, params, scope=scope)
    if audience is None:
        return AccessPlan(
            audience=None,
            scope=oidc_scopes(scope),
            lifetime=OPAQUE_LIFETIME,
            authorization_details=await _details(snapshot, params, held=held, audience=None),
        )

    # 4. RFC 9470: what the resource demands of a sign-in, also once the session has grown old.
    resource = await find_resource(snapshot, audience)
    if resource is None:
        raise InvalidTarget("resource indicator is missing, or unknown")
    check_api_demand(
        resource,
        amr=held.context.amr,
        authenticated_at=held.authenticated_at,
        at=None if is_first else snapshot.now(),
    )

    # 5. Of the scopes asked for, those that the user's roles grant now.
    if consented is not None:
        ceiling = await current_ceiling(snapshot, held.client_id)
        names = ceiling.of_resource(audience).intersection(consented.get(audience, ()))
        scope = " ".join(name for name in scope.split() if name in names)
    granted = await resource_scopes(
        snapshot, db, user_id=held.user_id, indicator=audience, scope=scope
    )
    return AccessPlan(
        audience=audience,
        scope=granted,
        lifetime=resource.access_token_ttl,
        is_opaque=resource.is_opaque,
        authorization_details=await _details(snapshot, params, held=held, audience=audience),
        acr=resource.required_acr,
    )


async def _details(
    snapshot: Snapshot, params: Params, *, held: Authorized, audience: str | None
) -> list[dict[str, Any]] | None:
    granted = held.context.authorization_details
    if granted is None and params.get(PARAMETER) is None:
        return None
    return await details_of_token(
        snapshot, params, client_id=held.client_id, granted=granted, audience=audience
    )


async def within_ceiling(snapshot: Snapshot, *, held: Authorized, scope: str) -> str:
    """Return the scopes that a third party's application may still ask for."""
    ceiling = await current_ceiling(snapshot, held.client_id)
    refused = disallowed_scopes(ceiling, scope)
    return " ".join(name for name in scope.split() if name not in refused)


def _audience(held: Authorized, params: Params, *, scope: str) -> str | None:
    """Without a resource parameter, `openid` asks for a token for userinfo."""
    asked = params.resources
    if len(asked) > 1:
        raise InvalidTarget("only a single resource indicator value must be requested")
    if asked:
        if asked[0] not in held.resources:
            raise InvalidTarget(
                "resource indicator was not requested at the authorization endpoint"
            )
        return asked[0]
    if not held.resources or OPENID in scope.split():
        return None
    if len(held.resources) > 1:
        raise InvalidTarget("only a single resource indicator value must be resolved")
    return held.resources[0]


def sign_access_token(
    key: SigningKey,
    *,
    issuer: str,
    subject: str,
    client_id: str,
    audience: str,
    scope: str,
    lifetime: int,
    now: int,
    authenticated_at: datetime | None = None,
    context: TokenContext = NO_CONTEXT,
    grant_id: str | None = None,
) -> str:
    """Return a JWT access token; `lifetime` and `now` are in seconds."""
    claims = AccessTokenClaims(
        jti=new_id(),
        sub=subject,
        iat=now,
        exp=now + lifetime,
        scope=scope,
        client_id=client_id,
        iss=issuer,
        aud=audience,
        auth_time=seconds_of(authenticated_at) if authenticated_at else msgspec.UNSET,
        acr=context.acr or msgspec.UNSET,
        amr=context.amr or msgspec.UNSET,
        cnf=context.cnf or msgspec.UNSET,
        act=context.act or msgspec.UNSET,
        authorization_details=context.authorization_details or msgspec.UNSET,
        grant_id=grant_id or msgspec.UNSET,
    )
    return key.encode(claims, typ="at+jwt")


def make_access_token(
    key: SigningKey,
    *,
    plan: AccessPlan,
    held: Authorized,
    subject: str,
    edge: Edge,
    sealer: Sealer,
    now: datetime,
    is_granted: bool = True,
) -> str:
    """Return the access token of a plan: signed for its API to read, or sealed for us alone.
    `subject` is the user as the client knows them (subjects.py). `is_granted` tells whether the
    grant of what is held is stored, and may be ended."""
    if plan.audience is None or plan.is_opaque:
        token = AccessToken(
            client_id=held.client_id,
            scope=plan.scope,
            issued_at=now,
            expires_at=now + timedelta(seconds=plan.lifetime),
            context=_sealed_context(held, plan),
            audience=plan.audience,
            user_id=held.user_id,
            grant_id=held.grant_id,
            session_id=None if is_offline(held) else held.session_id,
            authenticated_at=held.authenticated_at,
        )
        return seal_access_token(token, tenant_id=edge.tenant_id, sealer=sealer)
    return sign_access_token(
        key,
        issuer=edge.issuer,
        subject=subject,
        client_id=held.client_id,
        audience=plan.audience,
        scope=plan.scope,
        lifetime=plan.lifetime,
        now=int(now.timestamp()),
        authenticated_at=held.authenticated_at,
        context=_context(held, plan),
        grant_id=held.grant_id if is_granted else None,
    )


async def store_refresh_token(
    tx: Transaction,
    *,
    tenant_id: str,
    held: Held,
    token: str,
    expires_at: datetime,
    family_expires_at: datetime,
    now: datetime,
) -> None:
    """Store the first refresh token of a grant; rotation replaces it in place."""
    row = RefreshToken(
        grant_id=held.grant_id,
        token_hash=hash_token(token),
        client_id=held.client_id,
        user_id=held.user_id,
        session_id=held.session_id,
        scope=held.scope,
        resources=held.resources,
        context=held.context,
        authenticated_at=held.authenticated_at,
        issued_at=now,
        expires_at=min(expires_at, family_expires_at),
        family_expires_at=family_expires_at,
    )
    await add_refresh_token(tx, tenant_id=tenant_id, token=row)


def _context(held: Authorized, plan: AccessPlan) -> TokenContext:
    """Return what a token carries of what is held: of authorization details only its own, and no
    weaker acr than its API demands, whatever the client asked for."""
    context = held.context
    if context.authorization_details is not None:
        context = msgspec.structs.replace(context, authorization_details=plan.authorization_details)
    if plan.acr is not None and (context.acr is None or is_at_least(plan.acr, context.acr)):
        context = msgspec.structs.replace(context, acr=plan.acr)
    return context


def _sealed_context(held: Authorized, plan: AccessPlan) -> TokenContext:
    """Return the same without what no opaque token is asked for: it travels with every call."""
    context = _context(held, plan)
    if context.claims is None and context.consented is None:
        return context
    names = (context.claims or {}).get("userinfo")
    claims = {"userinfo": names} if names else None
    return msgspec.structs.replace(context, claims=claims, consented=None)


def seconds_of(moment: datetime) -> int:
    """Return a NumericDate (RFC 7519 section 2)."""
    return to_milliseconds(moment) // 1000
