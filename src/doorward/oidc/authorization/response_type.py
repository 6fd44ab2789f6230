"""OAuth 2.0 Multiple Response Type Encoding Practices, Form Post Response Mode, JARM: what is
answered, and how it travels.

    response_type   code             every client of the code flow
                    none             every client: is the person known? nothing is handed out
                    with id_token,   clients that opted in by `response_types` (OpenID Connect Core
                    token            sections 3.2, 3.3); RFC 9700 section 2.1.2 advises against
    response_mode   query, fragment, form_post, and each of them with .jwt (JARM)

`token` alone is not among them: it says nothing about who signed in, so whoever gets one anywhere
can hand it on (RFC 6749 section 10.16).
"""

from __future__ import annotations

import msgspec

from doorward.applications.cached import Client
from doorward.oidc.errors import (
    InvalidRequest,
    UnauthorizedClient,
    UnsupportedResponseMode,
    UnsupportedResponseType,
)
from doorward.oidc.request import Params

RESPONSE_TYPES = (
    "code",
    "none",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
)
FRONT_CHANNEL = frozenset({"id_token", "token"})
"""What opted-in clients get from the authorization endpoint itself."""

_TRANSPORTS = ("query", "fragment", "form_post")
RESPONSE_MODES = (*_TRANSPORTS, "jwt", *(f"{transport}.jwt" for transport in _TRANSPORTS))
_KNOWN_TYPES = {frozenset(name.split()): name for name in RESPONSE_TYPES}


class ResponseMode(msgspec.Struct, frozen=True):
    """How an answer travels: by which transport, and whether signed as one JWT."""

    transport: str
    is_jwt: bool = False


def parse_response_type(params: Params, *, client: Client) -> frozenset[str]:
    """Return what is asked for; the order of the words says nothing.

    Raises:
        InvalidRequest: missing. UnsupportedResponseType: unknown.
        UnauthorizedClient: the client may not ask for it.
    """
    asked = params.get("response_type")
    if asked is None:
        raise InvalidRequest("missing required parameter response_type")
    words = frozenset(asked.split())
    if words not in _KNOWN_TYPES or len(asked.split()) != len(words):
        raise UnsupportedResponseType("unsupported response_type requested")

    # RFC 6749 section 4.1.2.1. Without a choice of its own a client has the code flow alone.
    allowed = client.metadata.response_types or ("code",)
    if words != {"none"} and words not in {frozenset(name.split()) for name in allowed}:
        raise UnauthorizedClient("requested response_type is not allowed for this client")
    if "code" in words and "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("the client may not use the authorization code flow")
    return words


def find_response_mode(params: Params) -> ResponseMode:
    """Return how to answer, also when the request is wrong: what cannot be done is answered in the
    default mode of the response type."""
    asked = params.get("response_mode")
    words = frozenset((params.get("response_type") or "").split())
    default = "query" if words.isdisjoint(FRONT_CHANNEL) else "fragment"
    if asked not in RESPONSE_MODES or "response_mode" in params.repeated:
        return ResponseMode(default)
    transport, _, suffix = asked.partition(".")
    if transport == "jwt":
        return ResponseMode(default, is_jwt=True)
    # What a query holds is kept in histories and logs, and sent on as Referer.
    if transport == "query" and default == "fragment":
        transport = default
    return ResponseMode(transport, is_jwt=suffix == "jwt")


def check_response_mode(params: Params, response_type: frozenset[str]) -> None:
    """Check that the response may travel as it was asked to.

    Raises:
        UnsupportedResponseMode: unknown.
        InvalidRequest: tokens in a query (Multiple Response Types section 3.0, JARM section 2.3.1).
    """
    asked = params.get("response_mode")
    if asked is None:
        return
    if asked not in RESPONSE_MODES:
        raise UnsupportedResponseMode("unsupported response_mode requested")
    if asked.startswith("query") and not response_type.isdisjoint(FRONT_CHANNEL):
        raise InvalidRequest("response_mode query is not allowed for this response_type")
