"""OpenID Connect Core section 5.3, RFC 6750, RFC 9449 and 8705: GET and POST /oidc/me, userinfo."""

from __future__ import annotations

from datetime import datetime

from doorward.keys.ring import signing_key
from doorward.kit.edge import Edge
from doorward.oidc.bearer import AccessToken, open_access_token
from doorward.oidc.claims import requested_claims, userinfo_claims
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.cors import check_origin
from doorward.oidc.errors import InsufficientScope, InvalidRequest, InvalidToken
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, json_response, jwt_response
from doorward.oidc.scopes import OPENID
from doorward.oidc.sender_constraint import check_presenter, dpop_challenge, with_next_nonce
from doorward.oidc.store import find_holder
from doorward.oidc.subjects import subject_of
from doorward.users.tables import User


async def userinfo(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Answer with the claims about the user that the token's scopes allow."""
    edge, db, now = request.edge, provider.db, provider.clock.now()

    # 1. The token, presented in one way (RFC 6750 section 2), never in the address.
    scheme, value = _presented_token(request)

    # 2. What it is worth now: a good token (the store looks after its session and user) of a client
    #    that still exists.
    found = await _find_token(provider, edge, value=value, now=now)
    if found is None:
        raise InvalidToken(
            "access token is not valid", challenge=_challenge(edge, "invalid_token", scheme=scheme)
        )
    token, user = found
    snapshot = await provider.snapshots.current(edge.tenant_id)
    client = await find_client_at(
        snapshot, token.client_id, edge=edge, documents=provider.documents
    )
    if client is None:
        raise InvalidToken(
            "access token is not valid", challenge=_challenge(edge, "invalid_token", scheme=scheme)
        )
    check_origin(request, client)

    # 3. In the hands of whom it was given to.
    await check_presenter(
        provider.proofs,
        scheme=scheme,
        token=value,
        cnf=token.context.cnf,
        headers=request.headers,
        method=request.method,
        path=request.path,
        edge=edge,
    )

    # 4. RFC 6750 section 3.1: the scope that this endpoint needs, of a token that is for it: an API
    #    may have a scope of that name too.
    scopes = token.scope.split()
    if OPENID not in scopes or token.audience is not None:
        raise InsufficientScope(
            "access token missing openid scope",
            scope=OPENID,
            challenge=_challenge(edge, "insufficient_scope", scheme=scheme) + f', scope="{OPENID}"',
        )
    claims = await userinfo_claims(db, tenant_id=edge.tenant_id, user=user, scopes=scopes)
    if token.context.claims is not None:
        claims |= await requested_claims(
            db,
            tenant_id=edge.tenant_id,
            user=user,
            client=client,
            asked=token.context.claims,
            member="userinfo",
        )
    claims["sub"] = await subject_of(snapshot, client, user_id=user.id, sealer=provider.sealer)

    # 5. Section 5.3.2: signed for clients that registered an algorithm for it.
    algorithm = client.metadata.userinfo_signed_response_alg
    if algorithm is None:
        return with_next_nonce(json_response(claims), request, provider)
    key = await signing_key(snapshot, algorithm, sealer=provider.sealer)
    claims |= {"iss": edge.issuer, "aud": client.id}
    # RFC 8725 section 3.11: its type keeps it from serving as an ID token.
    answer = jwt_response(key.encode(claims, typ="userinfo+jwt"), media_type=b"application/jwt")
    return with_next_nonce(answer, request, provider)


async def _find_token(
    provider: Provider, edge: Edge, *, value: str, now: datetime
) -> tuple[AccessToken, User] | None:
    tenant_id = edge.tenant_id
    token = open_access_token(value, tenant_id=tenant_id, sealer=provider.sealer, now=now)
    if token is None:
        return None
    user = await find_holder(provider.db, tenant_id=tenant_id, token=token, value=value, now=now)
    return None if user is None else (token, user)


def _presented_token(request: OidcRequest) -> tuple[str, str]:
    """Return the scheme, in lower case, and the token."""
    authorization = request.header(b"authorization")
    in_body = request.params.get("access_token") if request.method == "POST" else None
    if authorization is None:
        if in_body is None:
            # RFC 6750 section 3.1: without any credentials the challenge names no error.
            raise InvalidToken(
                "no access token provided",
                challenge=f'Bearer realm="{request.edge.issuer}", {dpop_challenge()}',
            )
        return "bearer", in_body
    if in_body is not None:
        raise InvalidRequest(
            "access token must only be provided using one mechanism",
            challenge=_challenge(request.edge, "invalid_request"),
        )
    scheme, _, value = authorization.partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme not in {"bearer", "dpop"} or not value or " " in value:
        raise InvalidRequest(
            "authorization header must be Bearer or DPoP followed by the access token",
            challenge=_challenge(request.edge, "invalid_request"),
        )
    return scheme, value


def _challenge(edge: Edge, error: str, *, scheme: str = "bearer") -> str:
    if scheme == "dpop":
        return dpop_challenge(error)
    return f'Bearer realm="{edge.issuer}", error="{error}"'
