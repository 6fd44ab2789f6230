"""What an application changes of the tenant's sign-in experience: its name, look and terms.

    tenant's experience ──with_changes(application's)──► the pages that belong to the application

Terms and privacy policy are those of the application, so they stand on its consent page; the
sign-in pages speak of the tenant's account and keep the tenant's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from doorward.management.body import invalid_input, issue_of
from doorward.sign_in_experience.document import (
    Branding,
    Experience,
    HexColour,
    Part,
    WebAddress,
)


class PartialColor(Part, frozen=True):
    """Colours that differ; None keeps the tenant's."""

    primary_color: HexColour | None = None
    is_dark_mode_enabled: bool | None = None
    dark_primary_color: HexColour | None = None


class ApplicationExperience(Part, frozen=True):
    """The whole document; None keeps what the tenant has."""

    color: PartialColor = PartialColor()
    branding: Branding = Branding()
    custom_css: Annotated[str, Meta(max_length=65_536)] | None = None
    terms_of_use_url: WebAddress | None = None
    privacy_policy_url: WebAddress | None = None
    display_name: Annotated[str, Meta(max_length=256)] | None = None


NO_CHANGES = ApplicationExperience()


def parse_application_experience(document: Mapping[str, Any]) -> ApplicationExperience:
    """Return the typed document.

    Raises:
        RequestError: 400 guard.invalid_input, a value has the wrong type; the issue names its path.
    """
    try:
        return msgspec.convert(document, ApplicationExperience)
    except msgspec.ValidationError as error:
        raise invalid_input(
            "body", issues=[issue_of(str(error), model=ApplicationExperience)]
        ) from error


def with_changes(experience: Experience, changes: ApplicationExperience) -> Experience:
    """Return the look of the pages that belong to an application."""
    return msgspec.structs.replace(
        experience,
        color=_merged(experience.color, changes.color),
        branding=_merged(experience.branding, changes.branding),
        custom_css=changes.custom_css or experience.custom_css,
    )


def _merged(base: Any, changes: Any) -> Any:
    given = {
        name: value
        for name in changes.__struct_fields__
        if (value := getattr(changes, name)) is not None
    }
    return msgspec.structs.replace(base, **given)
