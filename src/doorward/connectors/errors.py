"""What goes wrong between us and a provider: one error, whose kind is the wire code.

RequestError
└── ConnectorError(kind)    code "connector.<kind>" with the status of the kind
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from doorward.errors import RequestError


class ConnectorFault(StrEnum):
    """Kinds of connector errors, by their wire names."""

    GENERAL = "general"
    INVALID_CONFIG = "invalid_config"
    INVALID_RESPONSE = "invalid_response"
    INSUFFICIENT_REQUEST_PARAMETERS = "insufficient_request_parameters"
    AUTHORIZATION_FAILED = "authorization_failed"
    SOCIAL_AUTH_CODE_INVALID = "social_auth_code_invalid"
    SOCIAL_INVALID_ACCESS_TOKEN = "social_invalid_access_token"  # noqa: S105 (a code, no token)
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
    NOT_IMPLEMENTED = "not_implemented"


_STATUS = {
    ConnectorFault.AUTHORIZATION_FAILED: 401,
    ConnectorFault.SOCIAL_AUTH_CODE_INVALID: 401,
    ConnectorFault.SOCIAL_INVALID_ACCESS_TOKEN: 401,
    ConnectorFault.RATE_LIMIT_EXCEEDED: 429,
    ConnectorFault.NOT_IMPLEMENTED: 501,
}


class ConnectorError(RequestError):
    """A provider refused, is misconfigured, or answered something that is not its protocol.

    Args:
        fault: the kind; `code` is "connector." plus its value.
        data: JSON value that may be shown: the provider's own `error` and `error_description`.
        retry_after: seconds after which the provider will listen again, if it said so.
        is_denied: the person said no on the provider's page; nothing is broken.
        detail: private words for the log; never a secret, a code or a token.
    """

    def __init__(
        self,
        fault: ConnectorFault,
        *,
        data: Any = None,
        retry_after: int | None = None,
        is_denied: bool = False,
        detail: str = "",
    ) -> None:
        if retry_after is not None:
            data = {**(data or {}), "retryAfter": retry_after}
        super().__init__(
            f"connector.{fault}",
            status=_STATUS.get(fault, 400),
            data=data,
            interpolation={"errorDescription": detail},
            detail=detail,
        )
        self.fault = fault
        self.retry_after = retry_after
        self.is_denied = is_denied
