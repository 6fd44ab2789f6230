"""The console's live preview: the real pages, from a document that may not be saved yet.

The console must not import this surface; it declares a dependency `render_preview` of the type
`Callable[..., Response[str]]`, which `web.py` fills with `Preview(...).render`:

    render_preview(
        edge,
        document=changed,                  # wire shape, see sign_in_experience.document
        sign_in_mode="SignInAndRegister",
        connectors=await list_social_connectors(snapshot, sealer=sealer),
        screen="sign-in",                  # or "register"
        application_name="Bookstore",      # or None
        language="en",                     # or None: the document's fallback
        theme="dark",                      # "light", or None: the browser's
    )

The answer may be framed by the console and by nobody else. There is no interaction behind it, so
no form on it does anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from litestar import Response

from doorward.connectors.cached import ConfiguredConnector
from doorward.kit.edge import Edge
from doorward.kit.html import Pages as Templates
from doorward.kit.i18n import Catalogues
from doorward.kit.static_files import StaticFiles
from doorward.sign_in.hosted import HostedPage, social_button
from doorward.sign_in.steps.password import sign_in_page
from doorward.sign_in.steps.register import register_page
from doorward.sign_in_experience.branding import catalogue_of, make_brand
from doorward.sign_in_experience.document import parse_experience


class Preview(msgspec.Struct, frozen=True):
    """Renders pages without an interaction."""

    templates: Templates
    texts: Catalogues
    static: StaticFiles

    def render(
        self,
        edge: Edge,
        *,
        document: Mapping[str, Any],
        sign_in_mode: str,
        connectors: Iterable[ConfiguredConnector],
        screen: str = "sign-in",
        application_name: str | None = None,
        language: str | None = None,
        theme: str | None = None,
    ) -> Response[str]:
        """Return the page as people would see it.

        Raises:
            RequestError: 400 guard.invalid_input, the document is malformed.
        """
        experience = parse_experience(document, sign_in_mode=sign_in_mode)
        by_target = {connector.target: connector for connector in connectors}
        page = HostedPage(
            edge=edge,
            experience=experience,
            brand=make_brand(experience, name=application_name),
            catalogue=catalogue_of(
                experience, texts=self.texts, ui_locales=language, accept_language=None
            ),
            templates=self.templates,
            languages=self.texts.languages,
            path="/sign-in",
            query={},
            application_name=application_name,
            csrf_token="",
            form_sources=(),
            social=tuple(
                social_button(by_target[target], static=self.static)
                for target in experience.social_sign_in_connector_targets
                if target in by_target
            ),
            theme=theme,
            is_preview=True,
        )
        is_register = screen == "register" or not experience.allows_sign_in
        return register_page(page) if is_register else sign_in_page(page)
