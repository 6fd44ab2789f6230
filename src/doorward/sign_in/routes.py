"""The routes of the surface: hosted pages, and the Experience API on the same steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, Router
from litestar.di import Provide

from doorward.errors import RequestError
from doorward.kit.edge import Edge
from doorward.management.errors import ErrorBody, render_request_error
from doorward.management.routes import public_router
from doorward.sign_in.errors import SessionUnknown, page_error_handlers
from doorward.sign_in.home import UNKNOWN_SESSION, show_home, show_unknown_session
from doorward.sign_in.hosted import MAX_FORM_SIZE, check_origin, provide_form, provide_page
from doorward.sign_in.steps import (
    consent,
    identify,
    link,
    password,
    profile,
    register,
    select_account,
    social,
    start,
    submit,
)
from doorward.sign_in.surface import Surface, UseSurface, provide_surface
from doorward.sign_in.visit import Visit, open_consent_visit, open_visit
from doorward.sign_in_experience.cached import current_experience

AnyRequest = Request[Any, Any, Any]
_REFUSALS = {
    401: "The account is suspended.",
    403: "The tenant allows no such event.",
    409: "It belongs to another account, or another request was faster.",
}
OpenVisit = Callable[[AnyRequest, Surface], Awaitable[Visit]]


class SessionMissing(RequestError):
    """400 session.not_found, rendered with the members that OAuth clients read."""


class SessionNotFoundBody(ErrorBody):
    """The refusal of a program without a sign-in, also in the terms of RFC 6749 section 5.2."""

    error: str = "invalid_request"
    error_description: str = "session not found"


def sign_in_routers() -> list[Router]:
    """Return the routers of the surface."""
    return [_pages(), _experience(), _consent_pages(), _consent_api()]


def _pages() -> Router:
    return Router(
        path="/",
        route_handlers=[
            password.show_sign_in,
            password.sign_in,
            register.show_register,
            register.register,
            social.leave,
            social.leave_directly,
            social.come_back,
            social.come_back_by_post,
            link.show_link,
            link.answer_link,
            profile.show_missing,
            profile.complete,
            select_account.show_accounts,
            select_account.choose,
            show_home,
            show_unknown_session,
        ],
        dependencies={
            "surface": Provide(provide_surface, sync_to_thread=False),
            "visit": Provide(open_page_visit),
            "page": Provide(provide_page),
            "form": Provide(provide_form),
        },
        exception_handlers=page_error_handlers(),
        include_in_schema=False,
        request_max_body_size=MAX_FORM_SIZE,
    )


def _experience() -> Router:
    return Router(
        path="/",
        route_handlers=[
            public_router(
                [
                    start.start,
                    start.switch,
                    start.inspect,
                    password.verify,
                    register.verify_new,
                    social.authorize,
                    social.verify,
                    identify.identify_user,
                    profile.add_profile,
                    submit.submit_interaction,
                ],
                further_refusals=_REFUSALS,
            )
        ],
        dependencies={
            "surface": Provide(provide_surface, sync_to_thread=False),
            "visit": Provide(open_experience_visit),
        },
        exception_handlers={SessionMissing: _render_missing},
    )


def _consent_pages() -> Router:
    return Router(
        path="/",
        route_handlers=[consent.show_consent, consent.answer],
        dependencies={
            "surface": Provide(provide_surface, sync_to_thread=False),
            "visit": Provide(open_consent_page_visit),
            "page": Provide(provide_page),
            "form": Provide(provide_form),
        },
        exception_handlers=page_error_handlers(),
        include_in_schema=False,
        request_max_body_size=MAX_FORM_SIZE,
    )


def _consent_api() -> Router:
    return Router(
        path="/",
        route_handlers=[public_router([consent.show_question, consent.submit_consent])],
        dependencies={
            "surface": Provide(provide_surface, sync_to_thread=False),
            "visit": Provide(open_consent_api_visit),
        },
        exception_handlers={SessionMissing: _render_missing},
    )


async def open_page_visit(request: AnyRequest, surface: UseSurface) -> Visit:
    """Return the visit of a page.

    Raises:
        SessionUnknown: there is none; the browser is sent where the tenant explains that.
    """
    return await _page_visit(request, surface, open_=open_visit)


async def open_consent_page_visit(request: AnyRequest, surface: UseSurface) -> Visit:
    """Return the visit of the page that asks for consent.

    Raises:
        SessionUnknown: as above.
    """
    return await _page_visit(request, surface, open_=open_consent_visit)


async def _page_visit(request: AnyRequest, surface: Surface, *, open_: OpenVisit) -> Visit:
    try:
        return await open_(request, surface)
    except RequestError as error:
        edge: Edge = request.scope["state"]["edge"]
        snapshot = await surface.snapshots.current(edge.tenant_id)
        experience = await current_experience(snapshot)
        location = experience.unknown_session_redirect_url or UNKNOWN_SESSION
        raise SessionUnknown(location) from error


async def open_experience_visit(request: AnyRequest, surface: UseSurface) -> Visit:
    """Return the visit of a program that signs somebody in.

    Raises:
        SessionMissing: there is none.
        RequestError: 400 session.csrf_token_mismatch, a page of another origin sent it.
    """
    return await _api_visit(request, surface, open_=open_visit)


async def open_consent_api_visit(request: AnyRequest, surface: UseSurface) -> Visit:
    """Return the visit of a program that asks for consent.

    Raises:
        SessionMissing, RequestError: as above.
    """
    return await _api_visit(request, surface, open_=open_consent_visit)


async def _api_visit(request: AnyRequest, surface: Surface, *, open_: OpenVisit) -> Visit:
    # A body need not be labelled JSON, so a form of a neighbouring site could carry one, and a
    # SameSite=Lax cookie comes along within the same site.
    if request.method != "GET":
        check_origin(request, request.scope["state"]["edge"])
    try:
        return await open_(request, surface)
    except RequestError as error:
        raise SessionMissing(error.code) from error


def _render_missing(request: AnyRequest, error: SessionMissing) -> Response[SessionNotFoundBody]:
    body = render_request_error(request, error).content
    return Response(
        SessionNotFoundBody(message=body.message, code=body.code),
        status_code=error.status,
        media_type="application/json",
    )
