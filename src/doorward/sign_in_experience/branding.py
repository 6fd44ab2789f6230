"""How hosted pages look and speak, from the tenant's sign-in experience."""

from __future__ import annotations

from msgspec import structs

from doorward.kit.html import Brand, brand_style, style_text
from doorward.kit.i18n import Catalogue, Catalogues, negotiate_language
from doorward.sign_in_experience.application import NO_CHANGES, with_changes
from doorward.sign_in_experience.cached import application_experience
from doorward.sign_in_experience.document import Experience
from doorward.storage import Snapshot

PRODUCT = "Doorward"
DEFAULT_BRAND = Brand(name=PRODUCT, style=brand_style(primary="#0b6e5b", dark_primary="#3fc7a6"))
"""How a page looks that cannot ask for the tenant's own brand."""


async def brand_of(
    snapshot: Snapshot,
    experience: Experience,
    *,
    name: str | None,
    application_id: str | None = None,
    is_product: bool = False,
) -> Brand:
    """Return the brand of a page that belongs to the application called `name`.

    `is_product` tells that this application is Doorward's own console.
    """

    async def load() -> Brand:
        changes = NO_CHANGES
        if application_id is not None:
            changes = await application_experience(snapshot, application_id)
        brand = make_brand(with_changes(experience, changes), name=changes.display_name or name)
        return structs.replace(brand, name=PRODUCT, is_product=True) if is_product else brand

    return await snapshot.get(("brand", name, application_id), load)


def make_brand(experience: Experience, *, name: str | None) -> Brand:
    """Return the brand that an experience describes."""
    color, branding = experience.color, experience.branding
    return Brand(
        name=name or PRODUCT,
        style=brand_style(
            primary=color.primary_color,
            dark_primary=color.dark_primary_color,
            dark_mode=color.is_dark_mode_enabled,
        ),
        logo_url=branding.logo_url,
        dark_logo_url=branding.dark_logo_url if color.is_dark_mode_enabled else None,
        favicon_url=branding.favicon,
        custom_css=style_text(experience.custom_css) if experience.custom_css else None,
        terms_url=experience.terms_of_use_url,
        privacy_url=experience.privacy_policy_url,
    )


def catalogue_of(
    experience: Experience,
    *,
    texts: Catalogues,
    ui_locales: str | None,
    accept_language: str | None,
) -> Catalogue:
    """Return the texts of a page in the language that request and tenant agree on."""
    language = negotiate_language(
        ui_locales=ui_locales,
        accept_language=accept_language,
        fallback=experience.language_info.fallback_language,
        auto_detect=experience.language_info.auto_detect,
        supported=texts.languages,
    )
    return texts.get(language)
