"""GET / and GET /unknown-session: what somebody sees who comes without a sign-in that waits."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.response import Redirect

from doorward.kit.edge import Edge
from doorward.kit.html import make_nonce
from doorward.kit.i18n import language_menu
from doorward.kit.page_headers import content_security_policy, image_sources, page_headers
from doorward.sign_in.surface import Surface, UseSurface
from doorward.sign_in.visit import AnyRequest
from doorward.sign_in_experience.branding import brand_of, catalogue_of
from doorward.sign_in_experience.cached import current_experience
from doorward.tenants.seed import ADMIN_TENANT

UNKNOWN_SESSION = "/unknown-session"
_CONSOLE = "/console"


@get("/", include_in_schema=False)
async def show_home(request: AnyRequest, surface: UseSurface) -> Response[str] | Redirect:
    """Lead to the console, to where the tenant explains itself, or say what the address is for."""
    edge: Edge = request.scope["state"]["edge"]
    if edge.tenant_id == ADMIN_TENANT:
        return Redirect(_CONSOLE, status_code=303)
    experience = await current_experience(await surface.snapshots.current(edge.tenant_id))
    if experience.unknown_session_redirect_url:
        return Redirect(experience.unknown_session_redirect_url, status_code=303)
    return await _page(request, surface, "sign_in/home.html", path="/", status=200)


@get(UNKNOWN_SESSION, include_in_schema=False)
async def show_unknown_session(request: AnyRequest, surface: UseSurface) -> Response[str]:
    """Say that there is no sign-in that waits, and what to do."""
    return await _page(
        request,
        surface,
        "sign_in/error.html",
        path=UNKNOWN_SESSION,
        status=400,
        reason="unknown_session",
        back_url=None,
    )


async def _page(
    request: AnyRequest,
    surface: Surface,
    template: str,
    *,
    path: str,
    status: int,
    **context: Any,
) -> Response[str]:
    edge: Edge = request.scope["state"]["edge"]
    snapshot = await surface.snapshots.current(edge.tenant_id)
    experience = await current_experience(snapshot)
    brand = await brand_of(
        snapshot, experience, name=None, is_product=edge.tenant_id == ADMIN_TENANT
    )
    catalogue = catalogue_of(
        experience,
        texts=surface.texts,
        ui_locales=request.query_params.get("ui_locales"),
        accept_language=request.headers.get("accept-language"),
    )
    nonce = make_nonce()
    html = surface.templates.render(
        template,
        catalogue=catalogue,
        nonce=nonce,
        brand=brand,
        languages=language_menu(
            catalogue,
            languages=surface.texts.languages,
            url=lambda code: f"{path}?ui_locales={code}",
        ),
        csrf_token="",
        **context,
    )
    policy = content_security_policy(
        nonce=nonce, images=image_sources(brand.logo_url, brand.dark_logo_url, brand.favicon_url)
    )
    headers = dict(page_headers(policy=policy, over_https=edge.is_secure))
    return Response(html, status_code=status, headers=headers, media_type="text/html")
