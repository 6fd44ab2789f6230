"""What every page of the console stands on: who asks, may they, and how a page is answered.

`provide_console` is the one door. A handler that takes `console` cannot be reached without a live
session of an administrator, and a POST not without the proof that it came from a page of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import SkipValidation

from doorward.audit.store import record
from doorward.console.forms import Form, is_same_origin, read_form
from doorward.console.store import find_console_session
from doorward.console.tables import ConsoleSession
from doorward.console.toasts import TOAST_COOKIE, open_toasts, seal_toast
from doorward.kit.clock import Clock
from doorward.kit.cookies import cookie_name, find_cookie
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.html import Pages as Templates
from doorward.kit.html import make_nonce
from doorward.kit.i18n import Catalogue, Catalogues
from doorward.kit.page_headers import content_security_policy, page_headers
from doorward.kit.static_files import StaticFiles
from doorward.resources.cached import find_resource
from doorward.roles.permissions import user_scopes
from doorward.sessions.store import is_session_alive
from doorward.settings import Settings
from doorward.storage import Database, Snapshots, Transaction
from doorward.tenants.seed import (
    ADMIN_TENANT,
    DEFAULT_TENANT,
    MANAGEMENT_SCOPE,
    management_indicator,
)
from doorward.users.store import find_user
from doorward.users.tables import User

AnyRequest = Request[Any, Any, Any]
Theme = Literal["system", "light", "dark"]

SESSION_COOKIE = "_console"
THEME_COOKIE = "_console_theme"
MANAGED_TENANT = DEFAULT_TENANT
LANGUAGE = "en"
CSRF_FIELD = "csrf"

_CSRF_PURPOSE = "console.form"
_KEEPS_NOTHING = frozenset(
    {"/console/sign-out", "/console/theme", "/console/sign-in-experience/preview"}
)
_THEMES: tuple[Theme, ...] = ("system", "light", "dark")


class SignInNeeded(Exception):
    """There is no live session of the console; `return_to` is where the browser wanted to go.

    `is_unsaved` tells that a form came, whose fields are lost.
    """

    def __init__(self, return_to: str, *, is_unsaved: bool) -> None:
        super().__init__("no console session")
        self.return_to = return_to
        self.is_unsaved = is_unsaved


class NotAnAdministrator(Exception):
    """Somebody is signed in who may not manage the tenant (any more)."""


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """One request of an administrator, and the answers to it.

    `tenant_id` is the tenant that is managed and `endpoint` its origin; `edge` is that of the
    console itself. `form` holds the fields of a POST.
    """

    edge: Edge
    tenant_id: str
    endpoint: str
    administrator: User
    session: ConsoleSession
    csrf_token: str
    form: Form
    theme: Theme
    toasts: tuple[str, ...]
    catalogue: Catalogue
    templates: Templates
    static: StaticFiles
    sealer: Sealer

    def text(self, key: str, **values: object) -> str:
        """Return a text in the language of the console."""
        return self.catalogue.text(key, **values)

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        images: Iterable[str] = (),
        frames: Iterable[str] = (),
        **context: Any,
    ) -> Response[str]:
        """Render `console/templates/<template>`; `images` are further CSP sources of pictures."""
        nonce = make_nonce()
        user = self.administrator
        html = self.templates.render(
            f"console/{template}",
            catalogue=self.catalogue,
            nonce=nonce,
            csrf_token=self.csrf_token,
            tenant_name=self.tenant_id,
            account={
                "name": user.name or user.username or user.primary_email or user.id,
                "avatar_url": user.avatar,
            },
            theme=self.theme,
            toasts=list(self.toasts),
            **context,
        )
        # Pictures of people are at their providers; nothing else is loaded from elsewhere.
        policy = content_security_policy(nonce=nonce, images=("https:", *images), frames=frames)
        response = html_response(html, policy=policy, edge=self.edge, status=status)
        if self.toasts:
            drop_cookie(response, TOAST_COOKIE, edge=self.edge)
        return response

    def redirect(self, path: str, *, toast: str | None = None, **values: object) -> Response[str]:
        """Answer 303 to `path`; the page there says `toast`, the key of a text."""
        response = redirect(path)
        if toast is not None:
            sealed = seal_toast(self.text(toast, **values), sealer=self.sealer)
            keep_cookie(response, TOAST_COOKIE, sealed, edge=self.edge)
        return response

    async def audit(self, tx: Transaction, key: str, *, at: datetime, **params: Any) -> None:
        """Write an audit entry of the managed tenant in the transaction of the change."""
        await record(
            tx,
            tenant_id=self.tenant_id,
            key=key,
            edge=self.edge,
            at=at,
            params={"administrator": self.administrator.id, **params},
        )


async def provide_console(
    request: AnyRequest,
    edge: Edge,
    settings: SkipValidation[Settings],
    db: Database,
    snapshots: Snapshots,
    clock: Clock,
    sealer: Sealer,
    templates: Templates,
    texts: Catalogues,
    static: StaticFiles,
) -> Console:
    """Return the console for a request of an administrator.

    Raises:
        NotFoundException: another tenant than `admin` is asked.
        SignInNeeded: there is no live session.
        NotAnAdministrator: the user may not manage the tenant (any more).
        PermissionDeniedException: a form that did not come from a page of this session.
    """
    # 1. The console lives on the admin tenant alone.
    check_admin_tenant(edge)

    # 2. A live session of it, whose session at the provider lives too.
    now = clock.now()
    headers = request.scope["headers"]
    token = find_cookie(headers, cookie_name(SESSION_COOKIE, edge=edge))
    session = (
        await find_console_session(db, tenant_id=ADMIN_TENANT, token=token, now=now)
        if token
        else None
    )
    if session is None:
        raise _sign_in_needed(request)
    if session.session_id is not None and not await is_session_alive(
        db, tenant_id=ADMIN_TENANT, session_id=session.session_id, now=now
    ):
        raise _sign_in_needed(request)

    # 3. Of somebody who may: asked each time, so that a role taken away counts at once.
    administrator = await find_administrator(db, snapshots, user_id=session.user_id)
    if administrator is None:
        raise NotAnAdministrator

    # 4. A form comes from a page of this very session (CSRF): the token, and what the browser says.
    form = Form([])
    if request.method not in {"GET", "HEAD"}:
        form = await read_form(request)
        if not is_same_origin(request, edge) or not sealer.is_signature(
            form.raw(CSRF_FIELD), session.token_hash, purpose=_CSRF_PURPOSE
        ):
            raise PermissionDeniedException("the form was not sent from a page of this session")

    console = Console(
        edge=edge,
        tenant_id=MANAGED_TENANT,
        endpoint=settings.endpoint,
        administrator=administrator,
        session=session,
        csrf_token=sealer.sign(session.token_hash, purpose=_CSRF_PURPOSE),
        form=form,
        theme=theme_of(request, edge),
        toasts=open_toasts(find_cookie(headers, cookie_name(TOAST_COOKIE, edge=edge)), sealer),
        catalogue=texts.get(LANGUAGE),
        templates=templates,
        static=static,
        sealer=sealer,
    )
    request.scope["state"]["console"] = console
    return console


async def find_administrator(db: Database, snapshots: Snapshots, *, user_id: str) -> User | None:
    """Return the user of the tenant `admin` if they may manage the tenant, else None."""
    user = await find_user(db, tenant_id=ADMIN_TENANT, user_id=user_id)
    if user is None or user.is_suspended:
        return None
    snapshot = await snapshots.current(ADMIN_TENANT)
    resource = await find_resource(snapshot, management_indicator(MANAGED_TENANT))
    if resource is None:
        return None
    scopes = await user_scopes(db, tenant_id=ADMIN_TENANT, user_id=user_id, resource_id=resource.id)
    return user if MANAGEMENT_SCOPE in scopes else None


def check_admin_tenant(edge: Edge) -> None:
    """Raise NotFoundException on every tenant but `admin`."""
    if edge.tenant_id != ADMIN_TENANT:
        raise NotFoundException


def theme_of(request: AnyRequest, edge: Edge) -> Theme:
    """Return the theme the browser remembers."""
    value = find_cookie(request.scope["headers"], cookie_name(THEME_COOKIE, edge=edge))
    return next((theme for theme in _THEMES if theme == value), "system")


def html_response(html: str, *, policy: str, edge: Edge, status: int = 200) -> Response[str]:
    """Return a page with the security headers of every page."""
    headers = dict(page_headers(policy=policy, over_https=edge.is_secure, is_isolated=True))
    return Response(html, status_code=status, headers=headers, media_type="text/html")


def redirect(url: str) -> Response[str]:
    """Answer 303 See Other, never cached."""
    return Response("", status_code=303, headers={"location": url, "cache-control": "no-store"})


def keep_cookie(
    response: Response[Any], name: str, value: str, *, edge: Edge, lifetime: timedelta | None = None
) -> None:
    """Make the browser keep a cookie of the console; without `lifetime` until it is closed."""
    response.set_cookie(
        key=cookie_name(name, edge=edge),
        value=value,
        max_age=None if lifetime is None else int(lifetime.total_seconds()),
        path="/",
        secure=edge.is_secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response[Any], name: str, *, edge: Edge) -> None:
    """Make the browser forget a cookie of the console."""
    keep_cookie(response, name, "", edge=edge, lifetime=timedelta(0))


def _sign_in_needed(request: AnyRequest) -> SignInNeeded:
    """Name the page to come back to after signing in. A form cannot be sent again: its page is."""
    path = request.scope["path"]
    if request.method != "GET":
        return SignInNeeded(referring_page(request), is_unsaved=path not in _KEEPS_NOTHING)
    query = request.scope["query_string"].decode("latin-1")
    return SignInNeeded(f"{quote(path)}?{query}" if query else quote(path), is_unsaved=False)


def referring_page(request: AnyRequest) -> str:
    """Return path and query of the page that a request came from, "" for none; of any site."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
