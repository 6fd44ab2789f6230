"""The one error of this package."""

from __future__ import annotations


class LogtoException(Exception):
    """Something that a sign-in or a token needs is missing, refused or not to be trusted.

    `error` and `error_description` are the words of a server that refused, `status` is the HTTP
    status of its answer; each None where there is none.

    >>> refusal = LogtoException("access_denied: the user said no", error="access_denied")
    >>> str(refusal), refusal.error, refusal.status
    ('access_denied: the user said no', 'access_denied', None)
    """

    def __init__(
        self,
        message: str,
        *,
        error: str | None = None,
        error_description: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.error = error
        self.error_description = error_description
        self.status = status
