"""A provider's person is new, but the address it vouches for belongs to an account: the page
/social/link asks. Nothing is linked without a yes (or the tenant's automatic linking)."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get, post

from doorward.connectors.cached import find_social_connector_by_id
from doorward.errors import RequestError
from doorward.sign_in.flow import LinkAccount, next_step
from doorward.sign_in.hosted import UseForm, UsePage
from doorward.sign_in.identification import identify
from doorward.sign_in.proceed import LINK_ACCOUNT, SIGN_IN, proceed, see_other
from doorward.sign_in.state import SocialRecord
from doorward.sign_in.steps.social import register_with
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit


@get(LINK_ACCOUNT, include_in_schema=False)
async def show_link(visit: UseVisit, page: UsePage, surface: UseSurface) -> Response[Any]:
    """Ask whether to link."""
    offer, record = visit.state.offer, visit.state.find_record(SocialRecord)
    if offer is None or record is None:
        return see_other(page.url(SIGN_IN))
    connector = await find_social_connector_by_id(
        visit.snapshot, record.connector_id, sealer=surface.sealer
    )
    return page.respond(
        "link_account.html",
        connector_name=connector.name if connector else record.target,
        related_account=offer.account,
        action=page.url(LINK_ACCOUNT),
        can_create=visit.experience.allows_registration,
        back_url=page.url(SIGN_IN),
    )


@post(LINK_ACCOUNT, status_code=200, include_in_schema=False)
async def answer_link(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Link, or make an account of its own."""
    db, sealer = surface.db, surface.sealer
    record = visit.state.find_record(SocialRecord)
    if record is None or not isinstance(next_step(visit.state, visit.experience), LinkAccount):
        return see_other(page.url(SIGN_IN))
    visit = msgspec.structs.replace(visit, state=msgspec.structs.replace(visit.state, offer=None))
    match form.get("choice"):
        case "link":
            state = await identify(
                visit, verification_id=record.id, link=True, db=db, sealer=sealer
            )
        case "create" if visit.experience.allows_registration:
            state = await register_with(visit, record, db=db)
        case _:
            raise RequestError("auth.forbidden", status=403)
    return await proceed(visit, state, page=page, db=db)
