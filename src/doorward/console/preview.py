"""The live preview: what it may look like, and who draws it.

The pages are the `sign_in` surface's own, from an experience that is not saved. Surfaces do not
import each other: `web.py` hands its `Preview.render` in under the name `render_preview`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from litestar import Response

from doorward.connectors.cached import ConfiguredConnector
from doorward.kit.edge import Edge
from doorward.sign_in_experience.document import Experience

THEMES = ("light", "dark")
DEVICES = ("phone", "desktop")


class RenderPreview(Protocol):
    """Draws a page of the sign-in surface for a frame of the console."""

    def __call__(
        self,
        edge: Edge,
        *,
        experience: Experience,
        connectors: Sequence[ConfiguredConnector],
        application_name: str | None,
        language: str | None,
        theme: str | None,
    ) -> Response[str]:
        """Return the page; it may be framed by the console and leads nowhere."""
