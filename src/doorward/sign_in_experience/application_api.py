"""/api/applications/{id}/sign-in-experience: name, look and terms of one application's pages."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, put
from litestar.openapi.datastructures import ResponseSpec
from msgspec import UNSET, Meta, UnsetType

from doorward.applications.rules import get_application
from doorward.errors import RequestError
from doorward.kit.edge import Edge
from doorward.management.body import Body, View
from doorward.sign_in_experience.application import (
    ApplicationExperience,
    PartialColor,
    parse_application_experience,
)
from doorward.sign_in_experience.document import Branding
from doorward.sign_in_experience.store import (
    find_application_experience,
    save_application_experience,
)
from doorward.sign_in_experience.views import Address, Css
from doorward.storage import Database, config_changed

_PATH = "/api/applications/{application_id:str}/sign-in-experience"


class ReplaceApplicationExperience(Body):
    """What the application's pages have of their own; what is not sent is the tenant's."""

    terms_of_use_url: Address | None
    privacy_policy_url: Address | None
    color: PartialColor | UnsetType = UNSET
    branding: Branding | UnsetType = UNSET
    custom_css: Css | UnsetType | None = UNSET
    display_name: Annotated[str, Meta(max_length=256)] | UnsetType | None = UNSET


class ApplicationExperienceView(View):
    """The name, look and terms of one application's pages."""

    tenant_id: str
    application_id: str
    color: dict[str, Any]
    branding: dict[str, Any]
    custom_css: str | None
    terms_of_use_url: str | None
    privacy_policy_url: str | None
    display_name: str | None


@get(_PATH, tags=["Applications"])
async def show_application_experience(
    application_id: str, db: Database, edge: Edge
) -> ApplicationExperienceView:
    """Show what the application's pages have of their own."""
    document = await find_application_experience(
        db, tenant_id=edge.tenant_id, application_id=application_id
    )
    if document is None:
        raise RequestError("entity.not_found", status=404)
    return _view(edge.tenant_id, application_id, parse_application_experience(document))


@put(
    _PATH,
    tags=["Applications"],
    responses={
        201: ResponseSpec(
            data_container=ApplicationExperienceView,
            description="They had nothing of their own before.",
            generate_examples=False,
        )
    },
)
async def replace_application_experience(
    application_id: str, data: ReplaceApplicationExperience, db: Database, edge: Edge
) -> Response[ApplicationExperienceView]:
    """Say what the application's pages have of their own; 201 when it is the first time."""
    sent = msgspec.to_builtins(data)
    document = {name: value for name, value in sent.items() if value not in (None, "")}
    experience = parse_application_experience(document)
    async with db.transaction(edge.tenant_id) as tx:
        await get_application(tx, tenant_id=edge.tenant_id, application_id=application_id)
        is_new = await save_application_experience(
            tx, tenant_id=edge.tenant_id, application_id=application_id, document=document
        )
        await config_changed(tx, edge.tenant_id)
    view = _view(edge.tenant_id, application_id, experience)
    return Response(view, status_code=201 if is_new else 200)


def _view(
    tenant_id: str, application_id: str, experience: ApplicationExperience
) -> ApplicationExperienceView:
    return ApplicationExperienceView(
        tenant_id=tenant_id,
        application_id=application_id,
        color=_given(experience.color),
        branding=_given(experience.branding),
        custom_css=experience.custom_css,
        terms_of_use_url=experience.terms_of_use_url,
        privacy_policy_url=experience.privacy_policy_url,
        display_name=experience.display_name,
    )


def _given(part: msgspec.Struct) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(part)
    return {name: value for name, value in values.items() if value is not None}


APPLICATION_HANDLERS = (show_application_experience, replace_application_experience)
