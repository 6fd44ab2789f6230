"""RFC 7662 and RFC 9701: token introspection, POST /oidc/token/introspection."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from doorward.applications.cached import Client
from doorward.applications.sectors import PAIRWISE
from doorward.keys.ring import current_keys, signing_key
from doorward.kit.edge import Edge
from doorward.oidc.bearer import AccessToken
from doorward.oidc.client_auth import authenticate_client
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.jwt_access_token import find_jwt_access_token, is_jwt, is_still_granted
from doorward.oidc.presented_token import find_presented_token, is_current
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, json_response, jwt_response
from doorward.oidc.sender_constraint import token_type
from doorward.oidc.subjects import subject_of
from doorward.oidc.tables import RefreshToken
from doorward.oidc.tokens import is_offline, seconds_of
from doorward.oidc.users import find_live_user
from doorward.storage import Executor, Snapshot

Presented = AccessToken | RefreshToken

JWT_TYPE = "token-introspection+jwt"
JWT_MEDIA_TYPE = f"application/{JWT_TYPE}"
_NO_WEIGHT = re.compile(r"q=0(\.0*)?")


class Inactive(msgspec.Struct, frozen=True):
    """RFC 7662 section 2.2: nothing else is said of a token that is not good."""

    active: bool = False


class Active(msgspec.Struct, frozen=True):
    """RFC 7662 section 2.2."""

    active: bool
    sub: str
    client_id: str
    iat: int
    exp: int
    iss: str
    scope: str
    token_type: str
    aud: str | UnsetType = UNSET
    # RFC 9470 section 6.2, RFC 8693 section 4.1, RFC 7800 and RFC 9396 section 9.2.
    auth_time: int | UnsetType = UNSET
    acr: str | UnsetType = UNSET
    amr: tuple[str, ...] | UnsetType = UNSET
    cnf: dict[str, str] | UnsetType = UNSET
    act: dict[str, Any] | UnsetType = UNSET
    authorization_details: list[dict[str, Any]] | UnsetType = UNSET


class SignedAnswer(msgspec.Struct, frozen=True):
    """RFC 9701 section 5: the claims of the answer as a JWT."""

    iss: str
    aud: str
    iat: int
    token_introspection: Active | Inactive


async def introspect(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Say what a token is worth, as JSON or as a signed JWT."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)

    # 1. Section 2.1: only clients may ask.
    client = await authenticate_client(request, provider, snapshot)

    # 2. What it is worth.
    found = await _find_active(request, provider, snapshot, client)

    # 3. RFC 9701 section 4: the Accept header asks for the answer as a JWT.
    answer = found or Inactive()
    if not _wants_jwt(request.header(b"accept") or ""):
        return json_response(answer)
    algorithm = client.metadata.introspection_signed_response_alg
    key = await signing_key(snapshot, algorithm, sealer=provider.sealer)
    claims = SignedAnswer(request.edge.issuer, client.id, provider.clock.seconds(), answer)
    return jwt_response(key.encode(claims, typ=JWT_TYPE), media_type=JWT_MEDIA_TYPE.encode())


async def _find_active(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, client: Client
) -> Active | None:
    edge, db, now = request.edge, provider.db, provider.clock.now()
    if is_jwt(request.params.get("token") or ""):
        return await _find_active_jwt(request, provider, snapshot, client)
    token = await find_presented_token(request, db, sealer=provider.sealer, now=now)
    if token is None or not _may_ask(client, token.client_id):
        return None

    # A refresh token is unused, its user and session are there (of an access token that is known by
    # now); and the client still exists.
    if isinstance(token, RefreshToken) and not (
        is_current(token, request) and await _has_user(token, db, edge=edge, now=now)
    ):
        return None
    owner = await find_client_at(snapshot, token.client_id, edge=edge, documents=provider.documents)
    if owner is None:
        return None
    return Active(
        active=True,
        sub=await _subject(token, snapshot, owner, provider),
        client_id=token.client_id,
        iat=seconds_of(token.issued_at),
        exp=seconds_of(token.expires_at),
        iss=edge.issuer,
        scope=token.scope,
        token_type=_token_type(token),
        aud=_audience(token),
        auth_time=_auth_time(token),
        acr=token.context.acr or UNSET,
        amr=token.context.amr or UNSET,
        cnf=token.context.cnf or UNSET,
        act=token.context.act or UNSET,
        authorization_details=token.context.authorization_details or UNSET,
    )


async def _find_active_jwt(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, client: Client
) -> Active | None:
    edge, now = request.edge, provider.clock.now()

    # 1. RFC 7662 section 4: our signature, and its time. All else (an ID token, say) is inactive.
    ring = await current_keys(snapshot, sealer=provider.sealer)
    value = request.params.get("token") or ""
    token = find_jwt_access_token(value, ring=ring, issuer=edge.issuer, now=now)
    if token is None or not _may_ask(client, token.client_id):
        return None

    # 2. Its client still exists, and its user, where the subject tells who that is.
    owner = await find_client_at(snapshot, token.client_id, edge=edge, documents=provider.documents)
    if owner is None:
        return None
    names_user = not token.is_of_machine and owner.metadata.subject_type != PAIRWISE
    if names_user and not await _is_live(provider.db, token.sub, edge=edge, now=now):
        return None

    # 3. Nobody ended the grant that it comes from.
    if not await is_still_granted(provider.db, tenant_id=edge.tenant_id, token=token, now=now):
        return None
    return Active(
        active=True,
        sub=token.sub,
        client_id=token.client_id,
        iat=token.iat,
        exp=token.exp,
        iss=token.iss,
        scope=token.scope,
        token_type=token_type(token.cnf),
        aud=token.aud,
        auth_time=UNSET if token.auth_time is None else token.auth_time,
        acr=token.acr or UNSET,
        amr=token.amr or UNSET,
        cnf=token.cnf or UNSET,
        act=token.act or UNSET,
        authorization_details=token.authorization_details or UNSET,
    )


def _wants_jwt(accept: str) -> bool:
    """RFC 9110 section 12.5.1: names of media types have no case, and a weight of 0 means no."""
    for entry in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        if media_type == JWT_MEDIA_TYPE:
            return not any(_NO_WEIGHT.fullmatch(parameter) for parameter in parameters)
    return False


def _may_ask(client: Client, owner_id: str) -> bool:
    """RFC 7662 section 4: a public client proves nothing, and a third party may have registered
    itself; they learn of no tokens but their own."""
    return client.id == owner_id or not (client.is_public or client.is_third_party)


async def _has_user(token: RefreshToken, db: Executor, *, edge: Edge, now: datetime) -> bool:
    session_id = None if is_offline(token) else token.session_id
    return await _is_live(db, token.user_id, session_id=session_id, edge=edge, now=now)


async def _is_live(
    db: Executor, user_id: str, *, session_id: str | None = None, edge: Edge, now: datetime
) -> bool:
    user = await find_live_user(
        db, tenant_id=edge.tenant_id, user_id=user_id, session_id=session_id, now=now
    )
    return user is not None


async def _subject(token: Presented, snapshot: Snapshot, owner: Client, provider: Provider) -> str:
    # RFC 9068 section 2.2: without a user the subject is the client.
    if token.user_id is None:
        return token.client_id
    return await subject_of(snapshot, owner, user_id=token.user_id, sealer=provider.sealer)


def _audience(token: Presented) -> str | UnsetType:
    if isinstance(token, RefreshToken):
        return UNSET
    return token.audience or UNSET


def _auth_time(token: Presented) -> int | UnsetType:
    if token.authenticated_at is None:
        return UNSET
    return seconds_of(token.authenticated_at)


def _token_type(token: Presented) -> str:
    # RFC 9449 section 6.2.
    return "refresh_token" if isinstance(token, RefreshToken) else token_type(token.context.cnf)
