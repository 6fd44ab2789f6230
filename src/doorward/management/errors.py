"""Errors of the API, rendered in one place.

    {"code": "role.name_in_use", "message": "...", "data"?: any, "details"?: "..."}

Texts come from `locales/` in the language of Accept-Language. A body that is not JSON, and an error
that nobody expected, have a message and no code; an unknown path is the text "Not Found".
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, UnsetType

from doorward.errors import DoorwardError, NotFound, RequestError, ServiceUnavailable
from doorward.kit.i18n import Catalogue, Catalogues, negotiate_language
from doorward.management.body import VALIDATION_ERROR, invalid_input, issue_of
from doorward.management.query import PAGING
from doorward.storage import (
    ForeignKeyViolation,
    InvalidValue,
    UniqueViolation,
    ValueTooLong,
)

log = logging.getLogger(__name__)

TEXTS = Catalogues([("doorward.management", "locales")])
_INTERNAL_ERROR = "Internal server error."

# The narrower kinds come first.
_VIOLATIONS: dict[type[DoorwardError], tuple[str, int]] = {
    UniqueViolation: ("entity.unique_integrity_violation", 422),
    ForeignKeyViolation: ("entity.relation_foreign_key_not_found", 404),
    ValueTooLong: ("entity.value_too_long", 422),
    InvalidValue: ("entity.invalid_input", 422),
}

AnyRequest = Request[Any, Any, Any]


class ErrorBody(msgspec.Struct):
    """The body of every refusal. Without `code`: not JSON, or an error that nobody expected."""

    message: str
    code: str | UnsetType = UNSET
    data: Any | UnsetType = UNSET
    details: str | UnsetType = UNSET


def refusals(texts: Mapping[int, str]) -> dict[int, ResponseSpec]:
    """Return the `responses` of a handler that refuses with these statuses."""
    return {
        status: ResponseSpec(data_container=ErrorBody, description=text, generate_examples=False)
        for status, text in texts.items()
    }


def error_body(error: RequestError, catalogue: Catalogue) -> ErrorBody:
    """Return the body of a refusal in a language."""
    text = error.code
    if catalogue.has(error.code):
        text = catalogue.text(error.code, **error.interpolation)
    return ErrorBody(
        message=text,
        code=error.code,
        data=UNSET if error.data is None else error.data,
        details=_details(error.data),
    )


@contextlib.contextmanager
def unique_as(codes: Mapping[str, str], **interpolation: Any) -> Iterator[None]:
    """Turn a violated unique constraint, by name, into its 422 refusal."""
    try:
        yield
    except UniqueViolation as error:
        code = codes.get(error.constraint, "entity.unique_integrity_violation")
        raise RequestError(code, status=422, interpolation=interpolation) from error


def render_request_error(request: AnyRequest, error: RequestError) -> Response[ErrorBody]:
    """Answer a refusal."""
    if error.detail:
        log.info("refused", extra={"code": error.code, "reason": error.detail})
    language = negotiate_language(accept_language=request.headers.get("accept-language"))
    answer = _json(error_body(error, TEXTS.get(language)), status=error.status)
    answer.headers.update(error.headers)
    return answer


def render_not_found(request: AnyRequest, error: NotFound) -> Response[ErrorBody]:
    """Answer that a thing does not exist."""
    refusal = RequestError(
        "entity.not_exists_with_id",
        status=404,
        interpolation={"name": error.noun, "id": error.id},
    )
    return render_request_error(request, refusal)


def render_violation(request: AnyRequest, error: DoorwardError) -> Response[ErrorBody]:
    """Answer a constraint that a handler left to the database."""
    code, status = next(answer for kind, answer in _VIOLATIONS.items() if isinstance(error, kind))
    return render_request_error(request, RequestError(code, status=status, detail=str(error)))


def render_unavailable(_request: AnyRequest, error: ServiceUnavailable) -> Response[ErrorBody]:
    """Answer that there is too much to do, or that the database is away."""
    log.warning("unavailable", extra={"reason": str(error)})
    answer = _json(ErrorBody(message="Service unavailable."), status=503)
    answer.headers["retry-after"] = str(error.retry_after)
    return answer


def render_http_exception(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer what the router or the framework refuses."""
    if isinstance(error, ValidationException):
        return render_request_error(request, _invalid_parameters(error))
    if error.status_code in {404, 405}:
        # The HTTP layer speaks here, not the API: plain text.
        return Response(
            HTTPStatus(error.status_code).phrase,
            status_code=error.status_code,
            media_type="text/plain",
            headers=error.headers,
        )
    if error.status_code >= 500:
        return render_unexpected(request, error)
    return _json(ErrorBody(message=error.detail), status=error.status_code)


def render_unexpected(_request: AnyRequest, error: Exception) -> Response[ErrorBody]:
    """Answer an error that nobody expected; its story is for the log alone."""
    log.error("unexpected error", exc_info=error)
    return _json(ErrorBody(message=_INTERNAL_ERROR), status=500)


def error_handlers() -> ExceptionHandlersMap:
    """Return the handlers of a router of the API."""
    return {
        RequestError: render_request_error,
        NotFound: render_not_found,
        **dict.fromkeys(_VIOLATIONS, render_violation),
        ServiceUnavailable: render_unavailable,
        HTTPException: render_http_exception,
        Exception: render_unexpected,
    }


def _invalid_parameters(error: ValidationException) -> RequestError:
    found = [entry for entry in error.extra or [] if isinstance(entry, Mapping)]
    if any(entry.get("key") == "data" for entry in found):
        return invalid_input("body", issues=[issue_of("Expected `object`, got `undefined`")])
    keys = {str(entry.get("key", "")) for entry in found}
    if keys and keys <= PAGING:
        return RequestError("guard.invalid_pagination")
    issues = [issue_of(str(entry.get("message", ""))) for entry in found]
    for issue, entry in zip(issues, found, strict=True):
        issue["path"] = [_wire_name(str(entry.get("key", "")))]
    if not issues:
        issues = [issue_of(error.detail)]
    source = str(found[0].get("source", "query")) if found else "query"
    return invalid_input("params" if source.endswith("path") else "query", issues=issues)


def _wire_name(parameter: str) -> str:
    """Return the name of a query parameter as clients know it: `exclude_role_id`, `type_`."""
    head, *words = parameter.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in words)


def _details(data: Any) -> str | UnsetType:
    """Return one line for each issue of a validation error."""
    if not isinstance(data, dict) or data.get("name") != VALIDATION_ERROR:
        return UNSET
    return "\n".join(
        f'Error in key path "{".".join(map(str, issue["path"]))}": '
        f"({issue['code']}) {issue['message']}"
        for issue in data["issues"]
    )


def _json(body: ErrorBody, *, status: int) -> Response[ErrorBody]:
    return Response(body, status_code=status, media_type="application/json")
