"""RFC 6749 sections 4.1.2.1 and 5.2, and their companions: the errors of the protocol.

    OAuthError
    ├── InvalidRequest             400  malformed, repeated or missing parameters
    │   └── SessionNotFound        400  the sign-in is over, or belongs to another browser
    ├── RequestTooLarge            413  a body over the limit
    ├── UnknownRoute               404  no such endpoint, or not with this method
    ├── MethodNotAllowed           405  RFC 9126 section 2.3
    ├── InvalidClient              401  unknown client, or wrong credentials
    ├── InvalidGrant               400  code or refresh token that is not (or no longer) good
    ├── UnauthorizedClient         400  a grant or flow that this client may not use
    ├── UnsupportedGrantType       400
    ├── UnsupportedResponseType    400
    ├── UnsupportedResponseMode    400  OAuth 2.0 Multiple Response Types section 2.1
    ├── InvalidScope               400
    ├── InvalidTarget              400  RFC 8707 section 2
    ├── InvalidAuthorizationDetails 400 RFC 9396 section 5
    ├── InvalidRedirectUri         400  never redirected
    ├── InvalidClientMetadata      400  RFC 7591 section 3.2.2, as the next two
    ├── InvalidSoftwareStatement   400
    ├── UnapprovedSoftwareStatement 400
    ├── TooManyRegistrations       429  from one address
    ├── AccessDenied               400
    ├── AuthorizationPending       400  RFC 8628 section 3.5, as the next two
    ├── SlowDown                   400
    ├── ExpiredToken               400
    ├── LoginRequired              400  OpenID Connect Core section 3.1.2.6, as the next four
    ├── ConsentRequired            400
    ├── InteractionRequired        400
    ├── UnmetAuthenticationRequirements 400  RFC 9470 section 5, at the token endpoint as well
    ├── InvalidRequestUri          400  RFC 9101 section 7, as the next one
    ├── InvalidRequestObject       400
    ├── RegistrationNotSupported   400
    ├── UnsupportedTokenType       400  RFC 7009 section 2.2.1
    ├── InvalidDpopProof           400  RFC 9449 section 5
    ├── UseDpopNonce               400  RFC 9449 section 8, with the nonce to use
    ├── InvalidToken               401  RFC 6750 section 3.1
    ├── InsufficientScope          403  RFC 6750 section 3.1
    └── TemporarilyUnavailable     503  the database is away

`description` is sent; `detail` is private and only logged.
"""

from __future__ import annotations

import re
from typing import ClassVar

from doorward.errors import DoorwardError

# RFC 6749 section 5.2: what error_description may hold; it often quotes what a client sent.
_NOT_ALLOWED = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


class OAuthError(DoorwardError):
    """A refusal that the client is told about.

    Args:
        description: what is wrong, for the developer of the client; sent as error_description.
        detail: private words for the log.
        status: HTTP status where it differs from the class's.
        scope: scopes the error is about (RFC 6750 section 3).
        challenge: the WWW-Authenticate header.
        headers: further headers of the answer.
    """

    error: ClassVar[str] = "server_error"
    default_status: ClassVar[int] = 400
    message: ClassVar[str] = "Something went wrong."
    code: ClassVar[str | None] = None

    def __init__(
        self,
        description: str = "",
        *,
        detail: str = "",
        status: int | None = None,
        scope: str | None = None,
        challenge: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(f"{self.error}: {description} {detail}".rstrip())
        self.description = _NOT_ALLOWED.sub("?", description)
        self.detail = detail
        self.status = status or self.default_status
        self.scope = scope
        self.challenge = challenge
        self.headers = headers


class InvalidRequest(OAuthError):
    error = "invalid_request"
    message = "The request is malformed."


class SessionNotFound(InvalidRequest):
    code = "session.not_found"
    message = "The session was not found. Please go back and sign in again."


class RequestTooLarge(InvalidRequest):
    default_status = 413


class UnknownRoute(InvalidRequest):
    default_status = 404


class MethodNotAllowed(InvalidRequest):
    default_status = 405


class InvalidClient(OAuthError):
    error = "invalid_client"
    default_status = 401
    message = "The client is unknown or did not prove who it is."


class InvalidGrant(OAuthError):
    error = "invalid_grant"
    message = "The grant is invalid, expired or revoked."


class UnauthorizedClient(OAuthError):
    error = "unauthorized_client"
    message = "The client may not do this."


class UnsupportedGrantType(OAuthError):
    error = "unsupported_grant_type"
    message = "The grant type is not supported."


class UnsupportedResponseType(OAuthError):
    error = "unsupported_response_type"
    message = "The response type is not supported."


class UnsupportedResponseMode(OAuthError):
    error = "unsupported_response_mode"
    message = "The response mode is not supported."


class InvalidScope(OAuthError):
    error = "invalid_scope"
    message = "A requested scope is not allowed."


class InvalidTarget(OAuthError):
    error = "invalid_target"
    message = "The resource is unknown or was not granted."


class InvalidAuthorizationDetails(OAuthError):
    error = "invalid_authorization_details"
    message = "The authorization details are malformed, unknown or not allowed."


class InvalidRedirectUri(OAuthError):
    error = "invalid_redirect_uri"
    message = "The redirect URI is not registered for this client."


class InvalidClientMetadata(OAuthError):
    """RFC 7591 section 3.2.2, as the next two."""

    error = "invalid_client_metadata"
    message = "The client must not say this of itself."


class InvalidSoftwareStatement(OAuthError):
    error = "invalid_software_statement"
    message = "The software statement is not valid."


class UnapprovedSoftwareStatement(OAuthError):
    error = "unapproved_software_statement"
    message = "The software statement is not by somebody whom this server believes."


class TooManyRegistrations(OAuthError):
    """RFC 6585 section 4."""

    error = "temporarily_unavailable"
    default_status = 429
    message = "Too many clients were registered from here. Please try again later."


class AccessDenied(OAuthError):
    error = "access_denied"
    message = "Access was denied."


class AuthorizationPending(OAuthError):
    error = "authorization_pending"
    message = "The person has not answered yet."


class SlowDown(OAuthError):
    error = "slow_down"
    message = "The device asks too often."


class ExpiredToken(OAuthError):
    error = "expired_token"
    message = "The device code has expired."


class LoginRequired(OAuthError):
    error = "login_required"
    message = "The user has to sign in."


class ConsentRequired(OAuthError):
    error = "consent_required"
    message = "The user has to allow the access."


class InteractionRequired(OAuthError):
    error = "interaction_required"
    message = "The user has to interact."


class UnmetAuthenticationRequirements(OAuthError):
    error = "unmet_authentication_requirements"
    message = "Signing in cannot be as strong as the client demands."


class InvalidRequestUri(OAuthError):
    error = "invalid_request_uri"
    message = "The request_uri is unknown, expired or was used already."


class InvalidRequestObject(OAuthError):
    error = "invalid_request_object"
    message = "The request object is invalid."


class RegistrationNotSupported(OAuthError):
    error = "registration_not_supported"
    message = "The registration parameter is not supported."


class UnsupportedTokenType(OAuthError):
    error = "unsupported_token_type"
    message = "Tokens of this type cannot be handled here."


class InvalidDpopProof(OAuthError):
    error = "invalid_dpop_proof"
    message = "The DPoP proof is invalid."


class UseDpopNonce(OAuthError):
    error = "use_dpop_nonce"
    message = "The DPoP proof needs the nonce that this answer carries."


class InvalidToken(OAuthError):
    error = "invalid_token"
    default_status = 401
    message = "The access token is invalid, expired or revoked."


class InsufficientScope(OAuthError):
    error = "insufficient_scope"
    default_status = 403
    message = "The access token lacks a scope."


class ServerError(OAuthError):
    default_status = 500


class TemporarilyUnavailable(OAuthError):
    error = "temporarily_unavailable"
    default_status = 503
    message = "Very busy right now. Please try again in a few seconds."
