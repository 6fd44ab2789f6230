"""Errors as people see them: a page that says what happened, with a way back.

`RequestError` codes are those of the Experience API; here each becomes a reason of
`templates/error.html`. What nobody expected is logged and shown as our fault.
"""

from __future__ import annotations

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from doorward.errors import DoorwardError, RequestError, ServiceUnavailable
from doorward.kit.edge import Edge
from doorward.kit.html import Brand, make_nonce
from doorward.kit.i18n import Catalogue, Catalogues, negotiate_language
from doorward.kit.page_headers import content_security_policy, image_sources, page_headers
from doorward.sign_in_experience.branding import DEFAULT_BRAND

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

_REASONS = {
    "session.not_found": "unknown_session",
    "session.csrf_token_mismatch": "expired",
    "session.identity_conflict": "expired",
    "session.verification_session_not_found": "expired",
    "session.verification_failed": "expired",
    "session.identifier_not_found": "expired",
    "session.verification_blocked_too_many_attempts": "too_many_attempts",
    "auth.forbidden": "forbidden",
    "user.sign_in_method_not_enabled": "forbidden",
    "user.missing_profile": "forbidden",
    "user.suspended": "suspended",
    "user.user_not_exist": "expired",
}
_BY_STATUS = {404: "not_found", 405: "not_found"}


class SessionUnknown(RequestError):
    """A page was asked for without a sign-in that waits; `location` is where that is explained."""

    def __init__(self, location: str) -> None:
        super().__init__("session.not_found")
        self.location = location


def page_error_handlers() -> ExceptionHandlersMap:
    """Return the handlers of the routes that people see."""
    return {
        SessionUnknown: _redirect,
        RequestError: render_page_error,
        ServiceUnavailable: render_page_error,
        HTTPException: render_page_error,
        Exception: render_page_error,
    }


def _redirect(_request: AnyRequest, error: SessionUnknown) -> Redirect:
    return Redirect(error.location, status_code=303, headers={"cache-control": "no-store"})


def render_page_error(request: AnyRequest, error: Exception) -> Response[str]:
    """Answer an error with a page in the words of its reason."""
    status, reason, headers = _describe(error)
    return error_page(request, reason=reason, status=status, headers=headers)


def error_page(
    request: AnyRequest,
    *,
    reason: str,
    status: int,
    back_url: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    """Return the page of a reason, in the brand of the sign-in if there is one."""
    state = request.app.state
    edge: Edge = request.scope["state"]["edge"]
    visit = request.scope["state"].get("visit")
    brand: Brand = request.scope["state"].get("brand") or DEFAULT_BRAND
    if back_url is None and visit is not None and reason != "unknown_session":
        back_url = f"/sign-in?app_id={visit.interaction.client_id}"
    nonce = make_nonce()
    html = state["templates"].render(
        "sign_in/error.html",
        catalogue=_catalogue(request, state["texts"]),
        nonce=nonce,
        brand=brand,
        languages=[],
        reason=reason,
        back_url=back_url,
        details={"Request id": edge.request_id} if status >= 500 else None,
    )
    policy = content_security_policy(
        nonce=nonce, images=image_sources(brand.logo_url, brand.dark_logo_url, brand.favicon_url)
    )
    merged = {**dict(page_headers(policy=policy, over_https=edge.is_secure)), **(headers or {})}
    return Response(html, status_code=status, headers=merged, media_type="text/html")


def _describe(error: Exception) -> tuple[int, str, dict[str, str]]:
    """Return status, reason and further headers of the answer to an error."""
    if isinstance(error, RequestError):
        if error.detail:
            log.info("refused", extra={"code": error.code, "reason": error.detail})
        return error.status, _REASONS.get(error.code, "bad_request"), {}
    if isinstance(error, ServiceUnavailable):
        log.warning("unavailable", extra={"reason": str(error)})
        return 503, "busy", {"retry-after": str(error.retry_after)}
    if isinstance(error, HTTPException) and error.status_code < 500:
        headers = dict(error.headers or {})
        return error.status_code, _BY_STATUS.get(error.status_code, "bad_request"), headers
    kind = "refused by a rule" if isinstance(error, DoorwardError) else "unexpected error"
    log.error(kind, exc_info=error)
    return 500, "server", {}


def _catalogue(request: AnyRequest, texts: Catalogues) -> Catalogue:
    language = negotiate_language(
        ui_locales=request.query_params.get("ui_locales"),
        accept_language=request.headers.get("accept-language"),
        supported=texts.languages,
    )
    return texts.get(language)
