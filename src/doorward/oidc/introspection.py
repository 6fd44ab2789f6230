"""RFC 7662: token introspection, POST /oidc/token/introspection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from doorward.kit.clock import to_milliseconds
from doorward.kit.edge import Edge
from doorward.oidc.client_auth import authenticate_client
from doorward.oidc.presented_token import find_presented_token, is_current
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, json_response
from doorward.oidc.sender_constraint import token_type
from doorward.oidc.tables import AccessToken, RefreshToken
from doorward.oidc.tokens import is_offline
from doorward.oidc.users import find_live_user
from doorward.storage import Executor


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
    # RFC 9470 section 6.2, RFC 8693 section 4.1, RFC 7800 and RFC 9396 section 9.2.
    auth_time: int | UnsetType = UNSET
    acr: str | UnsetType = UNSET
    amr: tuple[str, ...] | UnsetType = UNSET
    cnf: dict[str, str] | UnsetType = UNSET
    act: dict[str, Any] | UnsetType = UNSET
    authorization_details: list[dict[str, Any]] | UnsetType = UNSET


async def introspect(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Say what a token is worth."""
    edge, db, now = request.edge, provider.db, provider.clock.now()
    snapshot = await provider.snapshots.current(edge.tenant_id)

    # 1. Section 2.1: only clients may ask.
    client = await authenticate_client(request, provider, snapshot)
    token = await find_presented_token(request, db, sealer=provider.sealer, now=now)

    # 2. A public client proves nothing, so it learns of no tokens but its own.
    if token is None or (client.is_public and token.client_id != client.id):
        return json_response(Inactive())

    # 3. Unused, with its user and session (of an access token the store has seen to both).
    if not is_current(token, request):
        return json_response(Inactive())
    if isinstance(token, RefreshToken) and not await _has_user(token, db, edge=edge, now=now):
        return json_response(Inactive())
    return json_response(
        Active(
            active=True,
            sub=token.user_id,
            client_id=token.client_id,
            iat=_seconds(token.issued_at),
            exp=_seconds(token.expires_at),
            iss=edge.issuer,
            scope=token.scope,
            token_type=_token_type(token),
            auth_time=_seconds(token.authenticated_at) if token.authenticated_at else UNSET,
            acr=token.context.acr or UNSET,
            amr=token.context.amr or UNSET,
            cnf=token.context.cnf or UNSET,
            act=token.context.act or UNSET,
            authorization_details=token.context.authorization_details or UNSET,
        )
    )


async def _has_user(token: RefreshToken, db: Executor, *, edge: Edge, now: datetime) -> bool:
    session_id = None if is_offline(token) else token.session_id
    user = await find_live_user(
        db, tenant_id=edge.tenant_id, user_id=token.user_id, session_id=session_id, now=now
    )
    return user is not None


def _token_type(token: AccessToken | RefreshToken) -> str:
    # RFC 9449 section 6.2.
    return token_type(token.context.cnf) if isinstance(token, AccessToken) else "refresh_token"


def _seconds(moment: datetime) -> int:
    return to_milliseconds(moment) // 1000
