"""Who may call the management API (RFC 9068 access tokens, RFC 6750, RFC 9449).

A caller shows a JWT access token whose audience is the management API of the tenant, signed by the
tenant itself or by the admin tenant, with the scope `all`. Keys come from the configuration
snapshots, so a check costs one signature and no round trip. The subject must still be there: a
token of a deleted application, or of a suspended user, is refused before it expires. So is a token
that is bound to a key (`cnf`) when it comes from anybody else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from doorward.errors import RequestError
from doorward.kit import jose
from doorward.kit.clock import Clock
from doorward.kit.edge import Edge, RawHeaders, find_header
from doorward.kit.jose import JoseError, VerificationKey
from doorward.management.audience import audience_of
from doorward.management.resource_metadata import challenge, pointer

SCOPE = "all"
LEEWAY = 5
"""Seconds by which clocks may differ."""
_TYPES = ("at+jwt",)

_SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}

KeysOf = Callable[[str], Awaitable[Mapping[str, VerificationKey]]]
IsActive = Callable[["Caller"], Awaitable[bool]]


class CheckPresenter(Protocol):
    """Refuses a token that is bound (`cnf`) to another than who sends it.

    `scheme` is in lower case; `path` is that of the request as it was sent, without its query.

    Raises:
        RequestError: 401.
    """

    def __call__(
        self,
        *,
        scheme: str,
        token: str,
        cnf: Mapping[str, Any] | None,
        headers: RawHeaders,
        method: str,
        path: str,
        edge: Edge,
    ) -> Awaitable[None]: ...


class Caller(msgspec.Struct, frozen=True):
    """Whose token it is. `tenant_id` is the tenant that issued it, where the subject lives."""

    subject: str
    is_application: bool
    tenant_id: str

    def is_user(self, tenant_id: str, user_id: str) -> bool:
        """Tell whether the caller is this user."""
        return not self.is_application and (self.tenant_id, self.subject) == (tenant_id, user_id)


class TokenVerifier:
    """Verifies bearer tokens of the management API.

    Args:
        keys_of: verification keys of a tenant, by kid.
        is_active: whether the subject exists and is not suspended.
        check_presenter: whether the token is in the right hands.
        admin_tenant_id: the tenant whose tokens are accepted everywhere.
        admin_issuer: its issuer.
    """

    def __init__(
        self,
        *,
        keys_of: KeysOf,
        is_active: IsActive,
        check_presenter: CheckPresenter,
        admin_tenant_id: str,
        admin_issuer: str,
        clock: Clock,
    ) -> None:
        self._keys_of = keys_of
        self._is_active = is_active
        self._check_presenter = check_presenter
        self._admin = (admin_tenant_id, admin_issuer)
        self._clock = clock

    async def verify(self, headers: RawHeaders, *, method: str, path: str, edge: Edge) -> Caller:
        """Return the caller behind the Authorization header of a request.

        Raises:
            RequestError: 401 auth.authorization_header_missing,
                auth.authorization_token_type_not_supported, auth.unauthorized or
                auth.jwt_sub_missing; 403 auth.forbidden.
        """
        # 1. A token is there.
        scheme, token = _presented_token(find_header(headers, b"authorization"))

        # 2. Signed by the tenant or by the admin tenant, which must then be its issuer.
        claims, tenant_id = await self._claims(token, edge)

        # 3. For this API, and now.
        self._check_claims(claims, audience=audience_of(edge.tenant_id))

        # 4. In the hands of whom it was given to.
        await self._check_presenter(
            scheme=scheme,
            token=token,
            cnf=_confirmation(claims),
            headers=headers,
            method=method,
            path=path,
            edge=edge,
        )

        # 5. Somebody's, who is still there.
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise RequestError("auth.jwt_sub_missing", status=401)
        caller = Caller(
            subject=subject, is_application=subject == claims.get("client_id"), tenant_id=tenant_id
        )
        if not await self._is_active(caller):
            raise _unauthorized("the subject is gone or suspended")

        # 6. And allowed.
        scope = claims.get("scope")
        if not isinstance(scope, str) or SCOPE not in scope.split(" "):
            raise RequestError("auth.forbidden", status=403)
        return caller

    async def _claims(self, token: str, edge: Edge) -> tuple[dict[str, Any], str]:
        for tenant_id, issuer in dict.fromkeys([(edge.tenant_id, edge.issuer), self._admin]):
            keys = await self._keys_of(tenant_id)
            try:
                # RFC 9068 section 4: an ID token is signed by the same keys; `typ` tells it apart.
                claims = jose.decode(token, keys=keys, typ=_TYPES)
            except JoseError as error:
                reason = str(error)
                continue
            if claims.get("iss") == issuer:
                return claims, tenant_id
            reason = "the issuer is not that of the key"
        raise _unauthorized(reason)

    def _check_claims(self, claims: Mapping[str, Any], *, audience: str) -> None:
        found = claims.get("aud")
        if audience not in (found if isinstance(found, list) else [found]):
            raise _unauthorized("the token is for another audience")
        now = self._clock.seconds()
        if now >= _number(claims.get("exp")) + LEEWAY:
            raise _unauthorized("the token has expired")
        if now < _number(claims.get("nbf", 0)) - LEEWAY:
            raise _unauthorized("the token is not valid yet")


async def require_management_token(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Litestar's guard: let the request on with its caller, or refuse it."""
    verifier: TokenVerifier = connection.app.state["token_verifier"]
    state: dict[str, Any] = connection.scope["state"]
    scope: Mapping[str, Any] = connection.scope
    # As it was sent: a proof's `htu` is escaped as the request is.
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    edge: Edge = state["edge"]
    try:
        state["caller"] = await verifier.verify(
            scope["headers"], method=scope["method"], path=path, edge=edge
        )
    except RequestError as error:
        error.headers["www-authenticate"] = _challenge(error, edge=edge)
        raise


def provide_caller(scope: dict[str, Any]) -> Caller:
    """Hand a handler its caller."""
    caller: Caller = scope["state"]["caller"]
    return caller


def _challenge(error: RequestError, *, edge: Edge) -> str:
    """Return the challenge of a refusal; RFC 9728 section 5.1: it says where to learn more."""
    if known := error.headers.get("www-authenticate"):
        return f"{known}, {pointer(edge)}"
    if error.status == 403:
        return challenge(edge, error="insufficient_scope", scope=SCOPE)
    # RFC 6750 section 3.1: who sent no token did nothing wrong yet.
    is_missing = error.code == "auth.authorization_header_missing"
    return challenge(edge, error=None if is_missing else "invalid_token")


def _presented_token(authorization: str | None) -> tuple[str, str]:
    if not authorization:
        raise RequestError("auth.authorization_header_missing", status=401)
    scheme, _, token = authorization.partition(" ")
    # RFC 9110 section 11.1: the scheme is case-insensitive.
    if scheme.lower() not in _SCHEMES:
        raise RequestError(
            "auth.authorization_token_type_not_supported",
            status=401,
            data={"supportedTypes": list(_SCHEMES.values())},
        )
    return scheme.lower(), token.strip()


def _confirmation(claims: Mapping[str, Any]) -> Mapping[str, Any] | None:
    cnf = claims.get("cnf")
    # RFC 7800 section 3.1: a JSON object.
    if cnf is not None and not isinstance(cnf, dict):
        raise _unauthorized("cnf is not an object")
    return cnf


def _unauthorized(reason: str) -> RequestError:
    return RequestError("auth.unauthorized", status=401, detail=reason)


def _number(value: object) -> float:
    # RFC 7519 section 2: a NumericDate is a number; without one the token never was valid.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _unauthorized("a time of the token is not a number")
