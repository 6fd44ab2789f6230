"""What went wrong, as pages: in the console's shell when somebody is signed in, else without it."""

from __future__ import annotations

import logging
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import ExceptionHandlersMap

from doorward.console.console import (
    LANGUAGE,
    SESSION_COOKIE,
    AnyRequest,
    Console,
    NotAnAdministrator,
    SignInNeeded,
    drop_cookie,
    keep_cookie,
    redirect,
)
from doorward.console.hosted import hosted_message
from doorward.console.toasts import TOAST_COOKIE, seal_toast
from doorward.errors import NotFound, RequestError, ServiceUnavailable
from doorward.kit.edge import Edge
from doorward.tenants.seed import ADMIN_TENANT, CONSOLE_APPLICATION_ID

log = logging.getLogger(__name__)


@get("/console/{path:path}", include_in_schema=False)
async def show_unknown_page(console: Console) -> Response[str]:
    """Answer an address of the console that no page has."""
    raise NotFoundException


def error_handlers() -> ExceptionHandlersMap:
    """Return the console's rendering of errors."""
    return {
        SignInNeeded: _ask_to_sign_in,
        NotAnAdministrator: _refuse_user,
        NotFound: _show_not_found,
        RequestError: _show_refusal,
        ServiceUnavailable: _show_busy,
        HTTPException: show_http_exception,
        Exception: _show_unexpected,
    }


def _ask_to_sign_in(request: AnyRequest, error: SignInNeeded) -> Response[str]:
    response = redirect(f"/console/sign-in?{urlencode({'return_to': error.return_to})}")
    if error.is_unsaved:
        state = request.app.state
        text = state["texts"].get(LANGUAGE).text("toast.not_saved")
        sealed = seal_toast(text, sealer=state["sealer"])
        keep_cookie(response, TOAST_COOKIE, sealed, edge=_edge(request))
    return response


def _refuse_user(request: AnyRequest, _error: NotAnAdministrator) -> Response[str]:
    """Somebody is signed in who may not enter: the way on is another account."""
    edge = _edge(request)
    query = urlencode(
        {
            "client_id": CONSOLE_APPLICATION_ID,
            "post_logout_redirect_uri": f"{edge.endpoint}/console",
        }
    )
    response = _outside(
        request,
        "console_sign_in.not_allowed",
        status=403,
        actions=(("console_sign_in.other_account", f"/oidc/session/end?{query}"),),
    )
    drop_cookie(response, SESSION_COOKIE, edge=edge)
    return response


def _show_not_found(request: AnyRequest, _error: NotFound) -> Response[str]:
    return _show(request, "error.not_found", status=404)


def _show_refusal(request: AnyRequest, error: RequestError) -> Response[str]:
    """A refusal that the page did not expect; expected ones stand beside their field."""
    log.info("refused", extra={"code": error.code, "reason": error.detail})
    return _show(request, "message.refused", status=error.status, details={"code": error.code})


def _show_busy(request: AnyRequest, error: ServiceUnavailable) -> Response[str]:
    log.warning("unavailable", extra={"reason": str(error)})
    response = _show(request, "error.busy", status=503)
    response.headers["retry-after"] = str(error.retry_after)
    return response


def show_http_exception(request: AnyRequest, error: HTTPException) -> Response[str]:
    """Answer what a handler refused, or what no route answers."""
    if _edge(request).tenant_id != ADMIN_TENANT:
        # Other tenants have no console: the answer is that of any unknown address.
        return _outside(request, "error.not_found", status=404, actions=())
    if error.status_code >= 500:
        return _show_unexpected(request, error)
    if error.status_code == 405 and request.method == "GET":
        return redirect(_page_of(request.scope["path"]))
    keys = {
        403: "message.stale_form",
        404: "error.not_found",
        405: "error.not_found",
        413: "message.too_large",
    }
    key = keys.get(error.status_code, "message.unreadable")
    return _show(request, key, status=error.status_code)


def _page_of(path: str) -> str:
    """Return the page whose form is sent to `path`: a refused one leaves its address behind."""
    above, _, last = path.rpartition("/")
    return f"{quote(above)}/credentials" if last == "secrets" else quote(above)


def _show_unexpected(request: AnyRequest, error: Exception) -> Response[str]:
    log.error("unexpected error", exc_info=error)
    details = {"request id": _edge(request).request_id}
    return _show(request, "error.server", status=500, details=details)


def _show(
    request: AnyRequest, key: str, *, status: int, details: dict[str, str] | None = None
) -> Response[str]:
    console: Console | None = request.scope["state"].get("console")
    if console is None:
        return _outside(
            request, key, status=status, actions=(("message.home", "/console"),), details=details
        )
    return console.page(
        "message.html",
        status=status,
        title=console.text(f"{key}_title"),
        message=console.text(key),
        details=details,
    )


def _outside(
    request: AnyRequest,
    key: str,
    *,
    status: int,
    actions: tuple[tuple[str, str], ...],
    details: dict[str, str] | None = None,
) -> Response[str]:
    state = request.app.state
    return hosted_message(
        key,
        edge=_edge(request),
        templates=state["templates"],
        catalogue=state["texts"].get(LANGUAGE),
        status=status,
        actions=actions,
        details=details,
    )


def _edge(request: AnyRequest) -> Edge:
    edge: Edge = request.scope["state"]["edge"]
    return edge
