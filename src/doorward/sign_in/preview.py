"""The console's live preview: the real pages, from an experience that may not be saved yet.

The console must not import this surface; `web.py` hands it `Preview(...).render` under the name
`render_preview`. The answer may be framed by the console and by nobody else. There is no
interaction behind it, and every form and link on it leads nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from litestar import Response

from doorward.connectors.cached import ConfiguredConnector
from doorward.kit.edge import Edge
from doorward.kit.html import Pages as Templates
from doorward.kit.i18n import Catalogues
from doorward.kit.static_files import StaticFiles
from doorward.sign_in.hosted import HostedPage, social_buttons
from doorward.sign_in.steps.password import sign_in_page
from doorward.sign_in.steps.register import register_page
from doorward.sign_in_experience.branding import catalogue_of, make_brand
from doorward.sign_in_experience.document import Experience


class Preview(msgspec.Struct, frozen=True):
    """Renders pages without an interaction."""

    templates: Templates
    texts: Catalogues
    static: StaticFiles

    def render(
        self,
        edge: Edge,
        *,
        experience: Experience,
        connectors: Sequence[ConfiguredConnector],
        application_name: str | None,
        language: str | None,
        theme: str | None,
    ) -> Response[str]:
        """Return the first page as people would see it; a theme or language of None is theirs."""
        has_dark = experience.color.is_dark_mode_enabled
        page = HostedPage(
            edge=edge,
            experience=experience,
            brand=make_brand(experience, name=application_name),
            catalogue=catalogue_of(
                experience, texts=self.texts, ui_locales=language, accept_language=None
            ),
            templates=self.templates,
            languages=(),
            path="",
            query={},
            application_name=application_name,
            csrf_token="",
            form_sources=(),
            social=social_buttons(experience, connectors, static=self.static),
            theme=theme if has_dark else "light",
            is_preview=True,
        )
        return sign_in_page(page) if experience.allows_sign_in else register_page(page)
