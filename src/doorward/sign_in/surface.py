"""What the surface was built with, made once by `web.py`.

Handlers take it whole. Litestar starts a task for every injected value, about 25 us each, and a
page needs ten; measured, one value in place of ten saves half a millisecond of every sign-in.
Rules below the handlers still take just what they use.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import msgspec
from litestar import Request
from litestar.params import SkipValidation

from doorward.cimd.documents import ClientDocuments
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.html import Pages as Templates
from doorward.kit.http_client import HttpClient
from doorward.kit.i18n import Catalogues
from doorward.kit.static_files import StaticFiles
from doorward.storage import Database, Snapshots
from doorward.users.passwords import Passwords
from doorward.users.pwned import PwnedPasswords

_MAX_PAGES = 512

AnyRequest = Request[Any, Any, Any]


class PageCache:
    """Rendered pages that differ only in nonce and form token; the oldest gives way."""

    def __init__(self) -> None:
        self._pages: dict[Hashable, str] = {}

    def get(self, key: Hashable, render: Callable[[], str]) -> str:
        """Return the page of a key, rendering it the first time."""
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) >= _MAX_PAGES:
                del self._pages[next(iter(self._pages))]
            page = self._pages[key] = render()
        return page


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of the surface."""

    db: Database
    snapshots: Snapshots
    clock: Clock
    sealer: Sealer
    http: HttpClient
    documents: ClientDocuments
    passwords: Passwords
    pwned: PwnedPasswords
    templates: Templates
    texts: Catalogues
    static: StaticFiles
    pages: PageCache


UseSurface = SkipValidation[Surface]


def provide_surface(request: AnyRequest) -> Surface:
    """Return the surface of the running application."""
    surface: Surface = request.app.state["sign_in"]
    return surface
