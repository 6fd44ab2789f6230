"""A social connector as a declaration: OAuth 2.0 code flow (RFC 6749 section 4.1), then a profile.

Most providers need no more than their three addresses, a default scope and a function that reads
their user object.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from doorward.connectors.errors import ConnectorError, ConnectorFault
from doorward.connectors.forms import check_config
from doorward.connectors.protocol import ConnectorMetadata, FieldType, FormField, SocialIdentity
from doorward.kit.http_client import HttpClient, HttpError, HttpResponse, MalformedBody

_LONGEST_WAIT = 24 * 3600

CLIENT_FIELDS = (
    FormField(key="clientId", label="Client ID", is_required=True),
    FormField(key="clientSecret", label="Client secret", is_required=True, is_confidential=True),
)


def scope_field(default: str) -> FormField:
    """Return the form field for scopes, separated by spaces."""
    return FormField(
        key="scope",
        label="Scope",
        type=FieldType.MULTILINE_TEXT,
        placeholder=default,
        description=f"Separated by spaces. Left empty, it is: {default}",
    )


@dataclass(frozen=True, kw_only=True)
class OAuth2Connector:
    """A provider with an authorization, a token and a user endpoint.

    `identity` turns the JSON object of the user endpoint into a SocialIdentity; a KeyError or
    TypeError from it means that the answer lacks what it must have.
    """

    metadata: ConnectorMetadata
    authorization_endpoint: str
    token_endpoint: str
    user_endpoint: str
    default_scope: str
    identity: Callable[[Mapping[str, Any]], SocialIdentity]

    def authorization_uri(
        self,
        config: Mapping[str, Any],
        *,
        state: str,
        redirect_uri: str,
        scope: str | None = None,
    ) -> str:
        """Return the address of the consent page."""
        check_config(self.metadata.form, config)
        query = {
            "response_type": "code",
            "client_id": config["clientId"],
            "redirect_uri": redirect_uri,
            "scope": scope or config.get("scope") or self.default_scope,
            "state": state,
        }
        return f"{self.authorization_endpoint}?{urlencode(query)}"

    async def fetch_identity(
        self,
        config: Mapping[str, Any],
        *,
        http: HttpClient,
        params: Mapping[str, str],
        redirect_uri: str,
    ) -> SocialIdentity:
        """Return who came back: code, token, user object."""
        # 1. What the provider sent back with the browser (RFC 6749 section 4.1.2).
        check_config(self.metadata.form, config)
        code = _parse_callback(params)

        # 2. The code for an access token (section 4.1.3).
        access_token = await self._exchange(config, http=http, code=code, redirect_uri=redirect_uri)

        # 3. The access token for the user object (RFC 6750 section 2.1).
        answer = await _call(
            http.get(self.user_endpoint, headers={"authorization": f"Bearer {access_token}"})
        )
        _check_user_answer(answer)
        user = _parse_object(answer)
        try:
            return self.identity(user)
        except (KeyError, TypeError, AttributeError) as error:
            raise ConnectorError(
                ConnectorFault.INVALID_RESPONSE, detail="the user object lacks a member"
            ) from error

    async def _exchange(
        self, config: Mapping[str, Any], *, http: HttpClient, code: str, redirect_uri: str
    ) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": config["clientId"],
            "client_secret": config["clientSecret"],
        }
        answer = await _call(
            http.post(self.token_endpoint, form=form, headers={"accept": "application/json"})
        )
        _check_token_answer(answer)
        token = _parse_object(answer).get("access_token")
        if not isinstance(token, str) or not token:
            raise ConnectorError(ConnectorFault.INVALID_RESPONSE, detail="no access_token")
        return token


def _parse_callback(params: Mapping[str, str]) -> str:
    if error := params.get("error"):
        data = {"error": error[:200]}
        if description := params.get("error_description"):
            data["errorDescription"] = description[:500]
        raise ConnectorError(
            ConnectorFault.AUTHORIZATION_FAILED, data=data, is_denied=error == "access_denied"
        )
    code = params.get("code")
    if not code:
        raise ConnectorError(ConnectorFault.INSUFFICIENT_REQUEST_PARAMETERS, detail="no code")
    return code


async def _call(request: Awaitable[HttpResponse]) -> HttpResponse:
    try:
        return await request
    except HttpError as error:
        raise ConnectorError(ConnectorFault.GENERAL, detail=str(error)) from error


def _check_token_answer(answer: HttpResponse) -> None:
    """Raise unless the token endpoint said yes (RFC 6749 section 5.2, RFC 6585 section 4)."""
    _check_patience(answer)
    body = _find_object(answer)
    if answer.status == 200 and "error" not in body:
        return
    error = body.get("error")
    if error == "invalid_grant":
        # Expired, used before, or meant for another redirect URI.
        raise ConnectorError(
            ConnectorFault.SOCIAL_AUTH_CODE_INVALID, data={"error": error}, detail=_words(answer)
        )
    if error in {"invalid_client", "unauthorized_client"} or answer.status == 401:
        raise ConnectorError(
            ConnectorFault.INVALID_CONFIG,
            data={"error": str(error or "invalid_client")[:200]},
            detail="the provider refused the client id or secret",
        )
    raise ConnectorError(ConnectorFault.GENERAL, detail=_words(answer))


def _check_user_answer(answer: HttpResponse) -> None:
    """Raise unless the user endpoint said yes."""
    _check_patience(answer)
    if answer.status == 401:
        raise ConnectorError(ConnectorFault.SOCIAL_INVALID_ACCESS_TOKEN, detail=_words(answer))
    if answer.status != 200:
        raise ConnectorError(ConnectorFault.GENERAL, detail=_words(answer))


def _check_patience(answer: HttpResponse) -> None:
    if answer.status != 429:
        return
    raise ConnectorError(
        ConnectorFault.RATE_LIMIT_EXCEEDED, retry_after=_retry_after(answer), detail=_words(answer)
    )


def _retry_after(answer: HttpResponse) -> int | None:
    """Seconds to wait: of the body (`retry_after`), else of the header Retry-After, rounded up."""
    for value in (_find_object(answer).get("retry_after"), answer.headers.get("retry-after")):
        try:
            seconds = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return min(math.ceil(seconds), _LONGEST_WAIT)
    return None


def _parse_object(answer: HttpResponse) -> dict[str, Any]:
    try:
        body = answer.json()
    except MalformedBody as error:
        raise ConnectorError(ConnectorFault.INVALID_RESPONSE, detail=_words(answer)) from error
    if not isinstance(body, dict):
        raise ConnectorError(ConnectorFault.INVALID_RESPONSE, detail="not a JSON object")
    return body


def _find_object(answer: HttpResponse) -> dict[str, Any]:
    try:
        body = answer.json()
    except MalformedBody:
        return {}
    return body if isinstance(body, dict) else {}


def _words(answer: HttpResponse) -> str:
    """What may be logged of a refusal: status and the provider's words, never a token."""
    body = _find_object(answer)
    words = [body.get(name) for name in ("error", "error_description", "message")]
    return " ".join([f"HTTP {answer.status}", *(str(word)[:200] for word in words if word)])
