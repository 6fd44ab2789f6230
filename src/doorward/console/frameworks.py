"""The frameworks of the gallery: what kind of application each is, and where its code listens."""

from __future__ import annotations

from typing import Any

import msgspec

from doorward.applications.types import ApplicationType
from doorward.kit.static_files import StaticFiles

TYPE_TEXTS = {
    ApplicationType.TRADITIONAL: "gallery.traditional",
    ApplicationType.SPA: "gallery.spa",
    ApplicationType.NATIVE: "gallery.native",
    ApplicationType.MACHINE_TO_MACHINE: "gallery.machine",
}
"""The key of each type's name; the order is that of the gallery."""

FRAMEWORK_KEY = "framework"
"""Where an application remembers its framework, in its custom data."""


class Framework(msgspec.Struct, frozen=True, kw_only=True):
    """A card of the gallery. `type` is None where the administrator chooses it.

    `home` is where the guide's code runs on a developer's machine; `callback` is the path that it
    adds for the redirect URI; `after_sign_out` is where its library leads, if not to `home` itself.
    """

    id: str
    name: str
    logo: str
    type: ApplicationType | None
    home: str = "http://localhost:3000/"
    callback: str = "callback"
    after_sign_out: str | None = None
    is_featured: bool = False

    @property
    def redirect_uri(self) -> str:
        """The redirect URI of the guide's code."""
        return self.home + self.callback

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where the guide's code leads after signing out; compared character by character."""
        return self.after_sign_out or self.home

    @property
    def text_key(self) -> str:
        """The key of its one-line description."""
        return f"framework.{self.id}"


FRAMEWORKS = (
    Framework(
        id="flask",
        name="Flask",
        logo="logos/flask.svg",
        type=ApplicationType.TRADITIONAL,
        is_featured=True,
    ),
    Framework(
        id="fastapi",
        name="FastAPI",
        logo="logos/fastapi.svg",
        type=ApplicationType.TRADITIONAL,
        home="http://localhost:8000/",
        is_featured=True,
    ),
    Framework(
        id="django",
        name="Django",
        logo="logos/django.svg",
        type=ApplicationType.TRADITIONAL,
        home="http://localhost:8000/",
        callback="callback/",
        is_featured=True,
    ),
    Framework(
        id="express",
        name="Express",
        logo="logos/express.svg",
        type=ApplicationType.TRADITIONAL,
        callback="logto/sign-in-callback",
        after_sign_out="http://localhost:3000",
        is_featured=True,
    ),
    Framework(
        id="nextjs",
        name="Next.js",
        logo="logos/nextjs.svg",
        type=ApplicationType.TRADITIONAL,
        is_featured=True,
    ),
    Framework(
        id="react",
        name="React",
        logo="logos/react.svg",
        type=ApplicationType.SPA,
        home="http://localhost:5173/",
        is_featured=True,
    ),
    Framework(
        id="vue",
        name="Vue",
        logo="logos/vue.svg",
        type=ApplicationType.SPA,
        home="http://localhost:5173/",
        is_featured=True,
    ),
    Framework(
        id="javascript",
        name="JavaScript",
        logo="logos/javascript.svg",
        type=ApplicationType.SPA,
        home="http://localhost:5173/",
    ),
    Framework(
        id="native",
        name="Native app",
        logo="logos/native.svg",
        type=ApplicationType.NATIVE,
        home="com.example.app://",
    ),
    Framework(
        id="machine",
        name="Machine-to-machine",
        logo="logos/machine.svg",
        type=ApplicationType.MACHINE_TO_MACHINE,
        is_featured=True,
    ),
    Framework(id="other", name="Other", logo="logos/other.svg", type=None),
)
_BY_ID = {framework.id: framework for framework in FRAMEWORKS}


def find_framework(framework_id: str) -> Framework | None:
    """Return a card of the gallery, or None."""
    return _BY_ID.get(framework_id)


def framework_of(type_: str, custom_data: dict[str, Any]) -> Framework:
    """Return the framework an application was made for, or what fits its type."""
    known = _BY_ID.get(str(custom_data.get(FRAMEWORK_KEY, "")))
    if known is not None and known.type in {None, type_}:
        return known
    if type_ == ApplicationType.MACHINE_TO_MACHINE:
        return _BY_ID["machine"]
    return _BY_ID["native"] if type_ == ApplicationType.NATIVE else _BY_ID["other"]


def logo_of(type_: str, custom_data: dict[str, Any], *, static: StaticFiles) -> str:
    """Return the address of the picture of an application."""
    return static.url(framework_of(type_, custom_data).logo)
