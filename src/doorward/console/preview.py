"""The live preview: the real sign-in page of an experience that is not saved.

It may stand in a frame of the console and nowhere else; nothing in it leads anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response

from doorward.connectors.cached import ConfiguredConnector
from doorward.connectors.views import logo_url
from doorward.console.console import Console, html_response
from doorward.kit.html import make_nonce
from doorward.kit.i18n import LANGUAGES, Catalogues
from doorward.kit.page_headers import content_security_policy
from doorward.sign_in_experience.branding import make_brand
from doorward.sign_in_experience.document import Experience

THEMES = ("light", "dark")
DEVICES = ("phone", "desktop")
_NOWHERE = "#"


def preview_page(
    console: Console,
    experience: Experience,
    *,
    connectors: Sequence[ConfiguredConnector],
    application_name: str | None,
    theme: str,
    language: str,
    texts: Catalogues,
) -> Response[str]:
    """Render the sign-in page as people would see it."""
    nonce = make_nonce()
    can_register = experience.allows_registration and bool(experience.sign_up.identifiers)
    html = console.templates.render(
        "sign_in/sign_in.html",
        catalogue=texts.get(language if language in LANGUAGES else "en"),
        nonce=nonce,
        brand=make_brand(experience, name=application_name),
        languages=[],
        csrf_token="",
        theme=theme if experience.color.is_dark_mode_enabled else "light",
        preview=True,
        application_name=application_name,
        identifiers=[str(name) for name in experience.sign_in.password_identifiers],
        action=_NOWHERE,
        values={},
        errors={},
        form_error=None,
        social=_buttons(console, experience, connectors),
        social_action=_NOWHERE,
        register_url=_NOWHERE if can_register else None,
    )
    # Logos are wherever the administrator says, also while the address is being typed.
    policy = content_security_policy(nonce=nonce, images=("https:", "http:"), framed_by="'self'")
    return html_response(html, policy=policy, edge=console.edge)


def _buttons(
    console: Console, experience: Experience, connectors: Sequence[ConfiguredConnector]
) -> list[dict[str, str]]:
    by_target = {connector.target: connector for connector in connectors}
    return [
        {
            "id": connector.id,
            "name": connector.name,
            "logo_url": logo_url(connector.logo, static=console.static),
        }
        for target in experience.social_sign_in_connector_targets
        if (connector := by_target.get(target)) is not None
    ]
