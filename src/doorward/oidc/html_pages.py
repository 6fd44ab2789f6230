"""OAuth 2.0 Form Post Response Mode, RP-Initiated Logout 1.0: the pages of the protocol itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from doorward.kit.html import Brand, make_nonce
from doorward.kit.i18n import Catalogue, language_menu, negotiate_language
from doorward.kit.page_headers import (
    content_security_policy,
    form_targets,
    image_sources,
    origins_of,
    page_headers,
)
from doorward.oidc.errors import OAuthError, SessionNotFound
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse
from doorward.sign_in_experience.branding import DEFAULT_BRAND, brand_of, catalogue_of
from doorward.sign_in_experience.cached import current_experience
from doorward.storage import Snapshot
from doorward.tenants.seed import ADMIN_TENANT

_MESSAGE = "kit/message.html"
_TEXTS_OF_STATUS = {404: "not_found", 503: "busy", 500: "server"}


def wants_html(request: OidcRequest) -> bool:
    """Tell whether a person is looking: browsers name text/html when they open an address."""
    return "text/html" in (request.header(b"accept") or "")


async def page(
    provider: Provider,
    snapshot: Snapshot,
    request: OidcRequest,
    template: str,
    *,
    status: int = 200,
    application_name: str | None = None,
    form_action: str | None = None,
    frames: Iterable[str] = (),
    has_language_menu: bool = False,
    **context: Any,
) -> OidcResponse:
    """Return a rendered page. `form_action` is an address that its form may lead to, `frames` are
    those that it loads in frames. A page without an address of its own has no language menu."""
    experience = await current_experience(snapshot)
    brand = await brand_of(
        snapshot,
        experience,
        name=application_name,
        is_product=request.edge.tenant_id == ADMIN_TENANT,
    )
    catalogue = catalogue_of(
        experience,
        texts=provider.texts,
        ui_locales=request.params.get("ui_locales"),
        accept_language=request.header(b"accept-language"),
    )
    return _render(
        provider,
        request,
        template,
        brand=brand,
        catalogue=catalogue,
        status=status,
        form_action=form_action,
        frames=frames,
        languages=_language_menu(provider, request, catalogue) if has_language_menu else (),
        application_name=application_name,
        **context,
    )


def _language_menu(
    provider: Provider, request: OidcRequest, catalogue: Catalogue
) -> list[dict[str, Any]]:
    """The languages that the address of this page can be opened in; what was posted has none."""
    if request.method != "GET":
        return []
    return language_menu(
        catalogue,
        languages=provider.texts.languages,
        url=lambda code: in_language(request.path, request.params.values, ui_locales=code),
    )


def in_language(path: str, params: Mapping[str, str], *, ui_locales: str | None) -> str:
    """Return the address of a page of ours, in the language that a person has chosen."""
    chosen = {"ui_locales": ui_locales} if ui_locales else {}
    query = {**params, **chosen}
    return f"{path}?{urlencode(query)}" if query else path


def _render(
    provider: Provider,
    request: OidcRequest,
    template: str,
    *,
    brand: Brand,
    catalogue: Catalogue,
    status: int,
    form_action: str | None = None,
    frames: Iterable[str] = (),
    languages: Sequence[dict[str, Any]] = (),
    **context: Any,
) -> OidcResponse:
    nonce = make_nonce()
    texts = {name: catalogue.text(key) for name, key in context.pop("texts", {}).items()}
    html = provider.templates.render(
        template,
        catalogue=catalogue,
        nonce=nonce,
        brand=brand,
        languages=languages,
        csrf_token="",
        **texts,
        **context,
    )
    policy = content_security_policy(
        nonce=nonce,
        images=image_sources(brand.logo_url, brand.dark_logo_url, brand.favicon_url),
        form_action=form_targets(form_action) if form_action else (),
        frames=origins_of(*frames),
    )
    headers = page_headers(policy=policy, over_https=request.edge.is_secure)
    return OidcResponse(status, tuple((k.encode(), v.encode()) for k, v in headers), html.encode())


async def error_page(
    provider: Provider, snapshot: Snapshot, request: OidcRequest, error: OAuthError
) -> OidcResponse:
    """Return a page that says what went wrong, with the protocol's words folded away."""
    return await page(
        provider,
        snapshot,
        request,
        _MESSAGE,
        status=error.status,
        **_error_context(request, error),
    )


def failure_page(provider: Provider, request: OidcRequest, error: OAuthError) -> OidcResponse:
    """Return the error page of a server that cannot ask its database how its pages look."""
    language = negotiate_language(
        ui_locales=request.params.get("ui_locales"),
        accept_language=request.header(b"accept-language"),
        supported=provider.texts.languages,
    )
    return _render(
        provider,
        request,
        _MESSAGE,
        brand=DEFAULT_BRAND,
        catalogue=provider.texts.get(language),
        status=error.status,
        application_name=None,
        **_error_context(request, error),
    )


def _error_context(request: OidcRequest, error: OAuthError) -> dict[str, Any]:
    text = _TEXTS_OF_STATUS.get(error.status, "bad_request")
    if isinstance(error, SessionNotFound):
        text = "unknown_session"
    details = {
        "error": error.error,
        "error_description": error.description,
        "request": request.edge.request_id,
    }
    return {
        "texts": {"title": f"error.{text}_title", "message": f"error.{text}"},
        "actions": [],
        "details": {name: value for name, value in details.items() if value},
    }
