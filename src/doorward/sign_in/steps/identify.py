"""From a proof to an account: POST /api/experience/identification."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, post
from litestar.openapi.datastructures import ResponseSpec
from msgspec import UNSET, UnsetType

from doorward.errors import RequestError
from doorward.management.body import Body, or_default
from doorward.sign_in.identification import collect_profile, identify
from doorward.sign_in.state import InteractionEvent
from doorward.sign_in.submission import check_can_register, register
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, Visit, check_started, save
from doorward.storage import Database


class IdentificationBody(Body):
    """Which proof counts; for Register it may be left out to try again with what was collected."""

    verification_id: str | UnsetType = UNSET
    link_social_identity: bool | UnsetType = UNSET


@post(
    "/api/experience/identification",
    status_code=204,
    tags=["Experience"],
    responses={
        201: ResponseSpec(
            str,
            description="An account was made.",
            media_type=MediaType.TEXT,
            generate_examples=False,
        )
    },
)
async def identify_user(
    data: IdentificationBody, visit: UseVisit, surface: UseSurface
) -> Response[None]:
    """Find the account of a proof (204), or make one (201)."""
    db = surface.db
    check_started(visit)
    verification_id = or_default(data.verification_id, None)
    if visit.state.event is InteractionEvent.REGISTER:
        return await _register(visit, verification_id, db=db)
    state = await identify(
        visit,
        verification_id=verification_id,
        link=or_default(data.link_social_identity, False),
        db=db,
        sealer=surface.sealer,
    )
    async with db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, state)
    return Response(None, status_code=204)


async def _register(visit: Visit, verification_id: str | None, *, db: Database) -> Response[Any]:
    # 1. One flow makes one account.
    if visit.state.user_id is not None:
        raise RequestError("session.identity_conflict", status=409)

    # 2. What was collected stays, also when something is still missing.
    state = await collect_profile(visit, verification_id=verification_id, db=db)
    try:
        check_can_register(visit, state)
    except RequestError:
        async with db.transaction(visit.tenant_id) as tx:
            await save(tx, visit, state)
        raise

    # 3. The account exists from here on.
    async with db.transaction(visit.tenant_id) as tx:
        state, _ = await register(tx, visit, state)
        await save(tx, visit, state)
    return Response("Created", status_code=201, media_type=MediaType.TEXT)
