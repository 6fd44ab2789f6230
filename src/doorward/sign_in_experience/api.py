"""/api/sign-in-exp, and what anybody may read of it under /api/.well-known."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch
from litestar.params import QueryParameter
from msgspec import UNSET

from doorward.connectors.cached import ConfiguredConnector, list_social_connectors
from doorward.connectors.views import logo_url
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.edge import Edge
from doorward.kit.static_files import StaticFiles
from doorward.management.errors import refusals
from doorward.sign_in_experience.application_api import APPLICATION_HANDLERS
from doorward.sign_in_experience.document import parse_experience
from doorward.sign_in_experience.settings import (
    FindNameConflicts,
    change_experience,
    connector_facts,
    forgot_password_methods,
)
from doorward.sign_in_experience.store import get_experience
from doorward.sign_in_experience.views import (
    ExperienceView,
    PublicExperience,
    SocialConnectorView,
    UpdateExperience,
    view_experience,
    view_public_experience,
)
from doorward.storage import Database, Snapshots

OrganizationId = Annotated[str | None, QueryParameter(name="organizationId")]
ApplicationId = Annotated[str | None, QueryParameter(name="appId")]


@get("/api/sign-in-exp", tags=["Sign-in experience"])
async def show_experience(db: Database, edge: Edge) -> Response[ExperienceView]:
    """Show the sign-in experience."""
    stored = await get_experience(db, tenant_id=edge.tenant_id)
    return Response(view_experience(edge.tenant_id, stored))


@patch(
    "/api/sign-in-exp",
    tags=["Sign-in experience"],
    responses=refusals({409: "User names that differ only in case stand in the way."}),
)
async def update_experience(
    request: Request[Any, Any, Any],
    data: UpdateExperience,
    db: Database,
    edge: Edge,
    sealer: Sealer,
    clock: Clock,
    find_name_conflicts: FindNameConflicts,
) -> Response[ExperienceView]:
    """Change the sign-in experience."""
    # `data` has judged the types; what is stored is the document as it was sent, so that a default
    # of today is not frozen into it.
    sent = await request.json() or {}
    names = {
        field.encode_name
        for field in msgspec.structs.fields(data)
        if getattr(data, field.name) is not UNSET
    }
    changes = {key: value for key, value in sent.items() if key in names}
    async with db.transaction(edge.tenant_id) as tx:
        stored = await change_experience(
            tx,
            tenant_id=edge.tenant_id,
            changes=changes,
            sealer=sealer,
            find_name_conflicts=find_name_conflicts,
            now=clock.now(),
        )
    return Response(view_experience(edge.tenant_id, stored))


@get(
    ["/api/.well-known/sign-in-exp", "/api/.well-known/experience"],
    tags=["Sign-in experience"],
)
async def show_public_experience(
    db: Database,
    edge: Edge,
    sealer: Sealer,
    snapshots: Snapshots,
    static: StaticFiles,
    organization_id: OrganizationId = None,
    application_id: ApplicationId = None,
) -> Response[PublicExperience]:
    """Show what a sign-in page of the tenant looks like and offers."""
    del organization_id, application_id  # neither changes the answer: no overrides exist
    stored = await get_experience(db, tenant_id=edge.tenant_id)
    experience = parse_experience(stored.document, sign_in_mode=stored.sign_in_mode)
    snapshot = await snapshots.current(edge.tenant_id)
    by_target = {
        connector.target: connector
        for connector in await list_social_connectors(snapshot, sealer=sealer)
    }
    facts = await connector_facts(db, tenant_id=edge.tenant_id, sealer=sealer)
    return Response(
        view_public_experience(
            edge.tenant_id,
            stored,
            social_connectors=[
                _view_connector(by_target[target], static=static, endpoint=edge.endpoint)
                for target in experience.social_sign_in_connector_targets
                if target in by_target
            ],
            forgot_password=forgot_password_methods(experience, connector_types=facts.types),
        )
    )


def _view_connector(
    configured: ConfiguredConnector, *, static: StaticFiles, endpoint: str
) -> SocialConnectorView:
    metadata = configured.connector.metadata
    dark = configured.logo_dark
    return SocialConnectorView(
        id=configured.id,
        target=configured.target,
        name={"en": configured.name},
        logo=logo_url(configured.logo, static=static, endpoint=endpoint),
        logo_dark=logo_url(dark, static=static, endpoint=endpoint) if dark else None,
        platform=metadata.platform.value if metadata.platform else None,
        is_standard=metadata.is_standard,
    )


HANDLERS = (show_experience, update_experience, *APPLICATION_HANDLERS)
PUBLIC_HANDLERS = (show_public_experience,)
