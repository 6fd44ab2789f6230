"""Rendering hosted pages, and reading their forms.

A page belongs to an interaction: its brand, its language, its form token and every link on it. The
form token is a MAC over the interaction, so a form of another site, or of another sign-in, is
refused; Origin and Sec-Fetch-Site are checked besides (OWASP: defence in depth against CSRF).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response
from litestar.exceptions import ClientException
from litestar.params import SkipValidation

from doorward.connectors.cached import ConfiguredConnector, list_social_connectors
from doorward.connectors.views import logo_url
from doorward.errors import RequestError
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.html import Brand, make_nonce
from doorward.kit.html import Pages as Templates
from doorward.kit.i18n import Catalogue, language_menu
from doorward.kit.page_headers import (
    content_security_policy,
    form_targets,
    image_sources,
    page_headers,
)
from doorward.kit.static_files import StaticFiles
from doorward.sign_in.surface import PageCache, UseSurface
from doorward.sign_in.visit import AnyRequest, UseVisit, Visit
from doorward.sign_in_experience.branding import brand_of, catalogue_of
from doorward.sign_in_experience.document import Experience
from doorward.storage import Snapshot
from doorward.tenants.seed import ADMIN_TENANT

MAX_FORM_SIZE = 64 * 1024
_MAX_FIELDS = 50
_FORM_PURPOSE = "sign_in.form"
_CARRIED = ("app_id", "ui_locales")
# Where a kept page gets its nonce and token. They are random, so that nothing which a tenant or an
# application is called can be taken for them.
_NONCE_MARK = f"nonce-{make_nonce()}"
_TOKEN_MARK = f"token-{make_nonce()}"

Form = dict[str, str]


class SocialButton(msgspec.Struct, frozen=True):
    """A way in by a provider, as the templates show it."""

    id: str
    name: str
    logo_url: str


class HostedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page that is about to be rendered; `respond` renders it."""

    edge: Edge
    experience: Experience
    brand: Brand
    catalogue: Catalogue
    templates: Templates
    languages: tuple[str, ...]
    path: str
    query: dict[str, str]
    application_name: str | None
    csrf_token: str
    form_sources: tuple[str, ...]
    social: tuple[SocialButton, ...]
    theme: str | None = None
    is_preview: bool = False
    cache: PageCache | None = None
    cache_key: Hashable = None

    def url(self, path: str, **query: str) -> str:
        """Return the address of another page of the same sign-in; a preview leads nowhere."""
        if self.is_preview:
            return "#"
        pairs = {**self.query, **query}
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def text(self, key: str, **values: object) -> str:
        """Return a text in the language of the page."""
        return self.catalogue.text(key, **values)

    def respond(
        self, template: str, *, status: int = 200, is_plain: bool = False, **context: Any
    ) -> Response[str]:
        """Render a template of `sign_in/templates` with its context.

        A page is plain when nothing in `context` comes from a person: it is then rendered once for
        a configuration version, and each answer gets its own nonce and form token.
        """

        def render(*, nonce: str, csrf_token: str) -> str:
            return self.templates.render(
                f"sign_in/{template}",
                catalogue=self.catalogue,
                nonce=nonce,
                brand=self.brand,
                languages=language_menu(
                    self.catalogue,
                    languages=self.languages,
                    url=lambda code: self.url(self.path, ui_locales=code),
                ),
                csrf_token=csrf_token,
                application_name=self.application_name,
                theme=self.theme,
                preview=self.is_preview,
                **context,
            )

        nonce = make_nonce()
        if is_plain and self.cache is not None:
            html = self.cache.get(
                (template, self.path, self.cache_key),
                lambda: render(nonce=_NONCE_MARK, csrf_token=_TOKEN_MARK),
            )
            html = html.replace(_NONCE_MARK, nonce).replace(_TOKEN_MARK, self.csrf_token)
        else:
            html = render(nonce=nonce, csrf_token=self.csrf_token)
        policy = content_security_policy(
            nonce=nonce,
            images=self._image_sources(),
            form_action=self.form_sources,
            # The console shows its preview in a frame; a real page is never framed.
            framed_by="'self'" if self.is_preview else "'none'",
        )
        headers = page_headers(policy=policy, over_https=self.edge.is_secure)
        return Response(html, status_code=status, headers=dict(headers), media_type="text/html")

    def _image_sources(self) -> tuple[str, ...]:
        if self.is_preview:
            # Logos are wherever the administrator says, also while the address is being typed.
            return ("https:", "http:")
        brand = self.brand
        logos = (button.logo_url for button in self.social)
        return image_sources(brand.logo_url, brand.dark_logo_url, brand.favicon_url, *logos)


async def provide_page(request: AnyRequest, visit: UseVisit, surface: UseSurface) -> HostedPage:
    """Return the page that a request of a visit is answered with."""
    texts, static, sealer = surface.texts, surface.static, surface.sealer
    client = await surface.documents.find_client(
        visit.snapshot, visit.interaction.client_id, edge=visit.edge
    )
    name = client.name if client else None
    social = await list_social_buttons(
        visit.snapshot, visit.experience, static=static, sealer=sealer
    )
    query = {key: value for key, value in request.query_params.items() if key in _CARRIED}
    ui_locales = query.get("ui_locales") or visit.interaction.params.get("ui_locales")
    brand = await brand_of(
        visit.snapshot,
        visit.experience,
        name=name,
        application_id=visit.interaction.client_id,
        is_product=visit.edge.tenant_id == ADMIN_TENANT,
    )
    request.scope["state"]["brand"] = brand
    catalogue = catalogue_of(
        visit.experience,
        texts=texts,
        ui_locales=ui_locales,
        accept_language=request.headers.get("accept-language"),
    )
    # Every part of the key is bounded: a stranger must not fill the cache.
    is_kept = query.get("ui_locales") in {None, *texts.languages}
    return HostedPage(
        edge=visit.edge,
        experience=visit.experience,
        brand=brand,
        catalogue=catalogue,
        cache=surface.pages if is_kept else None,
        cache_key=(
            visit.tenant_id,
            visit.snapshot.version,
            visit.interaction.client_id,
            catalogue.language,
            tuple(query.items()),
        ),
        templates=surface.templates,
        languages=texts.languages,
        path=request.scope["path"],
        query=query,
        application_name=name,
        csrf_token=form_token(visit, sealer),
        form_sources=_form_sources(visit, has_social=bool(social)),
        social=social,
    )


UsePage = SkipValidation[HostedPage]
UseForm = SkipValidation[Form]


async def provide_form(
    request: AnyRequest, visit: UseVisit, surface: UseSurface, page: UsePage
) -> Form:
    """Return the fields of a form that was sent from a page of this sign-in.

    It asks for the page only to come after it: for two values of one turn Litestar starts a task
    group, which costs more than either.

    Raises:
        RequestError: 400 session.csrf_token_mismatch.
        ClientException: the body is no form, or holds too much.
    """
    del page

    # 1. Was it sent from a page of ours at all?
    check_origin(request, visit.edge)

    # 2. Its fields; the last of a repeated one counts, as the browser shows it.
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MAX_FIELDS,
            errors="replace",
        )
    except ValueError as error:
        raise ClientException("not a form") from error
    form = {name: value.replace("\0", "") for name, value in pairs}

    # 3. From a page of this very sign-in?
    token = form.pop("csrf", "")
    if not surface.sealer.is_signature(token, visit.interaction.id_hash, purpose=_FORM_PURPOSE):
        raise RequestError("session.csrf_token_mismatch")
    return form


def form_token(visit: Visit, sealer: Sealer) -> str:
    """Return the value of the hidden field of every form of this sign-in."""
    return sealer.sign(visit.interaction.id_hash, purpose=_FORM_PURPOSE)


def check_origin(request: AnyRequest, edge: Edge) -> None:
    """Refuse a form that another site sent.

    Raises:
        RequestError: 400 session.csrf_token_mismatch.
    """
    headers = request.headers
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    own = {edge.endpoint, f"http://{headers.get('host')}", f"https://{headers.get('host')}"}
    if site not in {"same-origin", "none"} or (origin is not None and origin not in own):
        raise RequestError("session.csrf_token_mismatch", detail=f"origin {origin!r}, {site}")


async def list_social_buttons(
    snapshot: Snapshot, experience: Experience, *, static: StaticFiles, sealer: Sealer
) -> tuple[SocialButton, ...]:
    """Return the providers that the tenant offers, in its order."""
    if not experience.social_sign_in_connector_targets:
        return ()
    connectors = await list_social_connectors(snapshot, sealer=sealer)
    return social_buttons(experience, connectors, static=static)


def social_buttons(
    experience: Experience, connectors: Iterable[ConfiguredConnector], *, static: StaticFiles
) -> tuple[SocialButton, ...]:
    """Return the buttons of those connectors that an experience offers."""
    by_target = {connector.target: connector for connector in connectors}
    return tuple(
        SocialButton(
            id=connector.id,
            name=connector.name,
            logo_url=logo_url(connector.logo, static=static),
        )
        for target in experience.social_sign_in_connector_targets
        if (connector := by_target.get(target)) is not None
    )


def _form_sources(visit: Visit, *, has_social: bool) -> tuple[str, ...]:
    """Where the answer to a form may lead: to the application, or to a provider."""
    redirect_uri = str(visit.interaction.params.get("redirect_uri", ""))
    providers = ("https://provider",) if has_social else ()
    return form_targets(redirect_uri, *providers)
