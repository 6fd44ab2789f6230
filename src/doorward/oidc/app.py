"""OAuth 2.1 and OpenID Connect Core: the dispatch of /oidc, from (method, path) to an endpoint.

    ASGI ─► parameters (request.py) ─► endpoint(OidcRequest, Provider) ─► OidcResponse ─► ASGI

This is the one place where the errors of the protocol are rendered: as a page to people, as JSON
to programs.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from doorward.cimd.documents import ClientDocuments
from doorward.errors import ServiceUnavailable
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge, find_header
from doorward.kit.html import Pages as Templates
from doorward.kit.http_client import HttpClient
from doorward.kit.i18n import Catalogues
from doorward.oidc.authorize import authorize
from doorward.oidc.clients.certificate import MutualTls
from doorward.oidc.clients.keys import KeySets
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.cors import ANY_ORIGIN, is_origin_allowed, origin_headers, preflight
from doorward.oidc.cross_site import asked_again
from doorward.oidc.device.authorization import authorize_device
from doorward.oidc.device.verification import answer_code, device_success, enter_code
from doorward.oidc.dpop import ProofVerifier
from doorward.oidc.errors import (
    InvalidRequest,
    MethodNotAllowed,
    OAuthError,
    ServerError,
    TemporarilyUnavailable,
    UnknownRoute,
)
from doorward.oidc.html_pages import error_page, failure_page, wants_html
from doorward.oidc.introspection import introspect
from doorward.oidc.logout.end_session import confirm_end_session, end_session, end_session_success
from doorward.oidc.logout.session_state import check_session
from doorward.oidc.metadata import discovery, jwks
from doorward.oidc.provider import Provider
from doorward.oidc.pushed_authorization import push_authorization_request
from doorward.oidc.registration.client_configuration import PREFIX as CLIENT_PREFIX
from doorward.oidc.registration.client_configuration import (
    change_registration,
    end_registration,
    show_registration,
)
from doorward.oidc.registration.register import registration
from doorward.oidc.request import (
    NO_PARAMS,
    OidcRequest,
    name_resources,
    parse_body,
    parse_query,
    read_body,
)
from doorward.oidc.response import Headers, OidcResponse, json_response
from doorward.oidc.resume import PREFIX as RESUME_PREFIX
from doorward.oidc.resume import resume
from doorward.oidc.revocation import revoke
from doorward.oidc.strangers import stranger_budget
from doorward.oidc.token import token
from doorward.oidc.userinfo import userinfo
from doorward.storage import Database, Snapshots

log = logging.getLogger(__name__)

Endpoint = Callable[[OidcRequest, Provider], Awaitable[OidcResponse]]

METADATA_PATHS = (
    "/oidc/.well-known/openid-configuration",
    "/oidc/.well-known/oauth-authorization-server",
    # RFC 8414 section 3.1: the well-known part may also stand before the issuer's path.
    "/.well-known/openid-configuration/oidc",
    "/.well-known/oauth-authorization-server/oidc",
)
# The first is what a person types, so it is as short as it can be.
DEVICE_PATHS = ("/device", "/oidc/device")
SHORT_PATHS = frozenset({"/device", "/device/success"})
ROUTES: dict[tuple[str, str], Endpoint] = {
    # HEAD only where GET changes nothing: at /oidc/auth it would hand out a code.
    **{(method, path): discovery for path in METADATA_PATHS for method in ("GET", "HEAD")},
    ("GET", "/oidc/jwks"): jwks,
    ("HEAD", "/oidc/jwks"): jwks,
    ("GET", "/oidc/auth"): authorize,
    ("POST", "/oidc/auth"): authorize,
    ("POST", "/oidc/request"): push_authorization_request,
    ("POST", "/oidc/token"): token,
    ("GET", "/oidc/me"): userinfo,
    ("POST", "/oidc/me"): userinfo,
    ("POST", "/oidc/reg"): registration,
    ("POST", "/oidc/token/introspection"): introspect,
    ("POST", "/oidc/token/revocation"): revoke,
    ("GET", "/oidc/session/end"): end_session,
    ("POST", "/oidc/session/end"): end_session,
    ("POST", "/oidc/session/end/confirm"): confirm_end_session,
    ("GET", "/oidc/session/end/success"): end_session_success,
    ("GET", "/oidc/session/check"): check_session,
    ("POST", "/oidc/device/auth"): authorize_device,
    **{("GET", path): enter_code for path in DEVICE_PATHS},
    **{("POST", path): answer_code for path in DEVICE_PATHS},
    ("GET", "/device/success"): device_success,
}
OPEN_TO_ANY_ORIGIN = frozenset({*METADATA_PATHS, "/oidc/jwks", "/oidc/reg"})
OPEN_TO_CLIENT_ORIGINS = frozenset(
    {
        "/oidc/request",
        "/oidc/token",
        "/oidc/me",
        "/oidc/token/introspection",
        "/oidc/token/revocation",
        "/oidc/device/auth",
    }
)
FOR_PEOPLE = ("/oidc/auth", "/oidc/session/end", *DEVICE_PATHS)
# OpenID Connect Core section 3.1.2.1, RP-Initiated Logout section 2: GET and POST are one.
POSTED_BY_OTHER_SITES = frozenset({authorize, end_session})
# `authorize` judges repeated parameters itself: for most of them it still knows where to answer.
JUDGE_REPEATED = frozenset({authorize})
# Paths of one client each (RFC 7592).
OF_ONE_CLIENT: dict[str, Endpoint] = {
    "GET": show_registration,
    "PUT": change_registration,
    "DELETE": end_registration,
}
TAKE_DOCUMENTS = frozenset({registration, change_registration})


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 6749 section 5.2, and `code` and `message` as the other APIs have them."""

    error: str
    error_description: str | None = None
    scope: str | None = None
    code: str | None = None
    message: str | None = None


class Oidc:
    """The provider of every tenant; the tenant of a request comes with its edge."""

    def __init__(
        self,
        *,
        db: Database,
        snapshots: Snapshots,
        clock: Clock,
        sealer: Sealer,
        templates: Templates,
        texts: Catalogues,
        http: HttpClient,
        documents: ClientDocuments,
        proofs: ProofVerifier,
        mutual_tls: MutualTls | None,
    ) -> None:
        self._provider = Provider(
            db=db,
            snapshots=snapshots,
            clock=clock,
            sealer=sealer,
            templates=templates,
            texts=texts,
            http=http,
            key_sets=KeySets(http=http, clock=clock),
            documents=documents,
            proofs=proofs,
            mutual_tls=mutual_tls,
            strangers=stranger_budget(),
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        method: str = scope["method"]
        try:
            response = await self._respond(scope, receive)
        except ServiceUnavailable as error:
            log.warning("unavailable", extra={"path": scope["path"], "detail": str(error)})
            unavailable = TemporarilyUnavailable("try again in a few seconds")
            response = self._failed(scope, unavailable).with_headers(
                (b"retry-after", str(error.retry_after).encode())
            )
        # lint: broad-except: nothing above would write it down
        except Exception:
            log.exception("unexpected error", extra={"path": scope["path"]})
            response = self._failed(scope, ServerError("it is not the fault of the request"))
        headers = [*response.headers, (b"content-length", str(len(response.body)).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        # RFC 9110 section 9.3.2: HEAD is GET without the content.
        body = b"" if method == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def _respond(self, scope: Any, receive: Any) -> OidcResponse:
        edge: Edge = scope["state"]["edge"]
        method, path, headers = scope["method"], scope["path"], scope["headers"]
        request = OidcRequest(method, path, edge, headers, NO_PARAMS)
        try:
            endpoint = _find_endpoint(method, path)
            if endpoint is None:
                return self._unrouted(request)

            # 1. Parameters: of the body of a POST, else of the query.
            if endpoint in TAKE_DOCUMENTS:
                params = NO_PARAMS
                body = await read_body(receive)
                request = OidcRequest(method, path, edge, headers, params, body)
            elif method == "POST":
                body = await read_body(receive)
                params = parse_body(body, content_type=find_header(headers, b"content-type"))
            elif scope["query_string"]:
                params = parse_query(scope["query_string"])
            else:
                params = NO_PARAMS
            if params.resources:
                params = name_resources(params, edge=edge)
            if params is not NO_PARAMS:
                request = OidcRequest(method, path, edge, headers, params)
                # RFC 6749 section 3.2: parameters MUST NOT be included more than once.
                if params.repeated and endpoint not in JUDGE_REPEATED:
                    names = ", ".join(sorted(name[:64] for name in params.repeated))
                    raise InvalidRequest(f"parameters must not be repeated: {names}")

            # 2. The endpoint, once the browser has brought its cookies.
            again = asked_again(request) if endpoint in POSTED_BY_OTHER_SITES else None
            response = again or await endpoint(request, self._provider)
        except OAuthError as error:
            return await self._render(request, error, query=scope["query_string"])
        return response if path not in OPEN_TO_CLIENT_ORIGINS else _readable(request, response)

    def _failed(self, scope: Any, error: OAuthError) -> OidcResponse:
        """Say what is our fault, without asking the database for a brand or a client."""
        edge: Edge = scope["state"]["edge"]
        request = OidcRequest(scope["method"], scope["path"], edge, scope["headers"], NO_PARAMS)
        if request.path.startswith(FOR_PEOPLE) and wants_html(request):
            answer = failure_page(self._provider, request, error)
        else:
            body = _error_body(error, is_bare=b"parse_error=false" in scope["query_string"])
            answer = json_response(body, status=error.status)
        if (origin := request.header(b"origin")) is not None:
            answer = answer.with_headers(*origin_headers(origin))
        return answer

    def _unrouted(self, request: OidcRequest) -> OidcResponse:
        """Answer OPTIONS, or refuse what no endpoint is at."""
        if request.method == "OPTIONS":
            methods = [method for method, path in ROUTES if path == request.path]
            if methods and request.path in OPEN_TO_ANY_ORIGIN | OPEN_TO_CLIENT_ORIGINS:
                return preflight(request, methods=", ".join(methods).encode())
        # RFC 9126 section 2.3. Elsewhere 404, as existing clients know it.
        if request.path == "/oidc/request":
            raise MethodNotAllowed("requests are pushed by POST", headers=((b"allow", b"POST"),))
        raise UnknownRoute(
            f"unrecognized route or not allowed method ({request.method} on "
            f"{request.path.removeprefix('/oidc')[:200]})"
        )

    async def _render(
        self, request: OidcRequest, error: OAuthError, *, query: bytes
    ) -> OidcResponse:
        """Render an error: the one place that does."""
        log.info(
            "request refused",
            extra={
                "path": request.path,
                "error": error.error,
                "description": error.description,
                "detail": error.detail,
                "client_id": repr((request.params.get("client_id") or "")[:64]),
            },
        )
        if request.path.startswith(FOR_PEOPLE) and wants_html(request):
            return await self._error_page(request, error)
        response = json_response(_error_body(error, is_bare=b"parse_error=false" in query))
        extra: Headers = error.headers
        if error.challenge is not None:
            extra = (*extra, (b"www-authenticate", error.challenge.encode()))
        answer = OidcResponse(error.status, (*response.headers, *extra), response.body)
        if request.path in OPEN_TO_ANY_ORIGIN:
            return answer.with_headers(ANY_ORIGIN)
        if request.path in OPEN_TO_CLIENT_ORIGINS:
            return await self._readable_error(request, answer)
        return answer

    async def _error_page(self, request: OidcRequest, error: OAuthError) -> OidcResponse:
        snapshot = await self._provider.snapshots.current(request.edge.tenant_id)
        return await error_page(self._provider, snapshot, request, error)

    async def _readable_error(self, request: OidcRequest, answer: OidcResponse) -> OidcResponse:
        """Let a browser application read its error, unless it names a client that is not its own.

        An error says nothing of anybody, and a page has to learn that its token has expired.
        """
        origin, client_id = request.header(b"origin"), request.params.get("client_id")
        if origin is None:
            return answer
        snapshot = await self._provider.snapshots.current(request.edge.tenant_id)
        client = None
        if client_id:
            client = await find_client_at(snapshot, client_id, edge=request.edge, documents=None)
        if client and not is_origin_allowed(origin, client=client, request=request):
            return answer
        return answer.with_headers(*origin_headers(origin))


def _find_endpoint(method: str, path: str) -> Endpoint | None:
    endpoint = ROUTES.get((method, path))
    if endpoint is None and method == "GET" and path.startswith(RESUME_PREFIX):
        return resume
    if endpoint is None and path.startswith(CLIENT_PREFIX):
        return OF_ONE_CLIENT.get(method)
    return endpoint


def _readable(request: OidcRequest, response: OidcResponse) -> OidcResponse:
    # The endpoint has checked the origin (client_auth.py, userinfo.py) before it did anything.
    origin = request.header(b"origin")
    return response if origin is None else response.with_headers(*origin_headers(origin))


def _error_body(error: OAuthError, *, is_bare: bool) -> ErrorBody:
    if is_bare:
        return ErrorBody(
            error=error.error, error_description=error.description or None, scope=error.scope
        )
    return ErrorBody(
        error=error.error,
        error_description=error.description or None,
        scope=error.scope,
        code=error.code or f"oidc.{error.error}",
        message=error.message,
    )
