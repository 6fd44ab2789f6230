"""Fetch Standard, CORS protocol: which browser applications may read an answer.

Discovery and JWKS are for anybody. The endpoints of a client are for the origins of that client;
a preflight does not say which client will ask, so it is allowed and the request itself decides.
No answer allows credentials: cookies have no say here.
"""

from __future__ import annotations

from doorward.applications.cached import Client
from doorward.applications.redirect_uris import is_origin_registered
from doorward.oidc.errors import InvalidRequest
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import Headers, OidcResponse

ANY_ORIGIN = (b"access-control-allow-origin", b"*")
_MAX_AGE = b"3600"


def preflight(request: OidcRequest, *, methods: bytes) -> OidcResponse:
    """Answer OPTIONS for an endpoint with these methods."""
    asked = request.header(b"access-control-request-headers") or "authorization, content-type"
    return OidcResponse(
        204,
        (
            (b"access-control-allow-origin", (request.header(b"origin") or "*").encode()),
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", asked.encode("latin-1")),
            (b"access-control-max-age", _MAX_AGE),
            (b"vary", b"Origin"),
        ),
    )


def check_origin(request: OidcRequest, client: Client) -> None:
    """Refuse a browser application of an origin that the client does not own.

    Raises:
        InvalidRequest: called before anything is done, so that a refusal has no effect.
    """
    origin = request.header(b"origin")
    if origin is not None and not is_origin_allowed(origin, client=client, request=request):
        raise InvalidRequest(f"origin {origin[:200]} not allowed for client: {client.id}")


def is_origin_allowed(origin: str, *, client: Client, request: OidcRequest) -> bool:
    """Tell whether `origin` is ours, the client's own by a redirect URI, or allowed by name."""
    return (
        origin == request.edge.endpoint
        or origin in client.cors_allowed_origins
        or is_origin_registered(origin, registered=client.redirect_uris)
    )


def origin_headers(origin: str) -> Headers:
    """Return the headers that let `origin` read the answer."""
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"WWW-Authenticate, DPoP-Nonce"),
        (b"vary", b"Origin"),
    )
