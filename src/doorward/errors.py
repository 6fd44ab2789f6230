"""The error tree.

    DoorwardError
    ├── ConfigurationError      a setting is wrong; the server does not start
    ├── NotFound                `get_x` found nothing
    ├── RequestError            an answer of the management or Experience API: code, status, data
    └── ServiceUnavailable      too busy or the database is away: 503 with Retry-After

OAuth errors have a tree of their own in `oidc/errors.py`, storage faults in `storage/errors.py`;
each surface renders what it raises in one place.
"""

from __future__ import annotations

from typing import Any


class DoorwardError(Exception):
    """The root of every error that Doorward raises on purpose."""


class ConfigurationError(DoorwardError):
    """A setting is missing, unknown or contradictory; the text says which and what to do."""


class NotFound(DoorwardError):
    """A thing that was asked for by id does not exist in this tenant.

    Args:
        noun: what it was looked for among, in plain words and the plural: "connector factories".
        id_: what it was asked for by.
    """

    def __init__(self, noun: str, id_: str) -> None:
        super().__init__(f"{noun} {id_!r} does not exist")
        self.noun = noun
        self.id = id_


class RequestError(DoorwardError):
    """A refusal with a wire code, as clients of the management and Experience API expect it.

    Args:
        code: dotted code of the reference, for example "session.invalid_credentials".
        status: HTTP status.
        data: JSON value for the `data` member, or None to leave it out.
        interpolation: values for the placeholders of the code's text.
        detail: private words for the log, never sent.
        headers: headers of the answer, by name.
    """

    def __init__(
        self,
        code: str,
        *,
        status: int = 400,
        data: Any = None,
        interpolation: dict[str, Any] | None = None,
        detail: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code} ({status}) {detail}".rstrip())
        self.code = code
        self.status = status
        self.data = data
        self.interpolation = interpolation or {}
        self.detail = detail
        self.headers = headers or {}


class ServiceUnavailable(DoorwardError):
    """The answer is 503: try again after `retry_after` seconds."""

    def __init__(self, reason: str, *, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
