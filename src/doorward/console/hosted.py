"""Pages of the console for people who are not (yet) in it: the layout of hosted pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response

from doorward.console.console import html_response
from doorward.kit.edge import Edge
from doorward.kit.html import Brand, brand_style, make_nonce
from doorward.kit.html import Pages as Templates
from doorward.kit.i18n import Catalogue
from doorward.kit.page_headers import content_security_policy

_BRAND = Brand(
    name="Doorward", style=brand_style(primary="#0b6e5b", dark_primary="#3fc7a6"), is_product=True
)


def hosted_page(
    template: str,
    *,
    edge: Edge,
    templates: Templates,
    catalogue: Catalogue,
    status: int = 200,
    **context: Any,
) -> Response[str]:
    """Render a page outside the console's shell."""
    nonce = make_nonce()
    html = templates.render(
        template,
        catalogue=catalogue,
        nonce=nonce,
        brand=_BRAND,
        languages=[],
        csrf_token="",
        **context,
    )
    return html_response(
        html, policy=content_security_policy(nonce=nonce), edge=edge, status=status
    )


def hosted_message(
    key: str,
    *,
    edge: Edge,
    templates: Templates,
    catalogue: Catalogue,
    status: int,
    actions: Sequence[tuple[str, str]] = (),
    details: Mapping[str, str] | None = None,
) -> Response[str]:
    """Render the message of the texts `<key>_title` and `<key>`; actions are (text key, URL)."""
    return hosted_page(
        "kit/message.html",
        edge=edge,
        templates=templates,
        catalogue=catalogue,
        status=status,
        title=catalogue.text(f"{key}_title"),
        message=catalogue.text(key),
        actions=[{"text": catalogue.text(text), "url": url} for text, url in actions],
        details=details,
    )
