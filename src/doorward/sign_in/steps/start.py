"""The frame of the Experience API: which event, and what is known so far."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, put
from msgspec import UNSET, Meta, UnsetType

from doorward.management.body import Body, View
from doorward.sign_in.identification import check_registration_is_open, check_sign_in_is_open
from doorward.sign_in.state import (
    FlowState,
    InteractionEvent,
    PasswordRecord,
    PendingProfile,
    Record,
    SocialRecord,
)
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, check_started, save


class EventBody(Body):
    """Which event."""

    interaction_event: InteractionEvent
    captcha_token: Annotated[str, Meta(max_length=8192)] | UnsetType = UNSET


class InteractionView(View):
    """What may be shown of an interaction."""

    interaction_event: InteractionEvent
    user_id: str | UnsetType
    profile: dict[str, Any]
    verification_records: list[dict[str, Any]]


@put("/api/experience", status_code=204, tags=["Experience"])
async def start(data: EventBody, visit: UseVisit, surface: UseSurface) -> None:
    """Begin anew with an event; whatever was known before is dropped."""
    async with surface.db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, FlowState(event=data.interaction_event))


@put("/api/experience/interaction-event", status_code=204, tags=["Experience"])
async def switch(data: EventBody, visit: UseVisit, surface: UseSurface) -> None:
    """Change the event; proofs stay, and a pending profile goes."""
    check_started(visit)
    event, state = data.interaction_event, visit.state
    if event is InteractionEvent.SIGN_IN:
        check_sign_in_is_open(visit)
    else:
        check_registration_is_open(visit)
    if event is not state.event:
        state = msgspec.structs.replace(state, event=event, profile=PendingProfile(), offer=None)
    async with surface.db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, state)


@get("/api/experience/interaction", tags=["Experience"])
async def inspect(visit: UseVisit) -> InteractionView:
    """Show where the interaction stands; nothing secret is in it."""
    event, state = check_started(visit), visit.state
    return InteractionView(
        interaction_event=event,
        user_id=state.user_id or UNSET,
        profile=_shown_profile(state.profile),
        verification_records=[_shown_record(record) for record in state.records],
    )


def _shown_profile(profile: PendingProfile) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "username": profile.username,
        "primaryEmail": profile.email,
        "name": profile.name,
        "avatar": profile.avatar,
    }
    if profile.identity is not None:
        shown["socialIdentity"] = {
            "target": profile.identity.target,
            "userInfo": profile.identity.details,
        }
    return {name: value for name, value in shown.items() if value is not None}


def _shown_record(record: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": record.id, "type": type(record).__struct_config__.tag}
    if isinstance(record, SocialRecord):
        shown |= {"connectorId": record.connector_id, "verified": record.person is not None}
        if record.person is not None:
            person = msgspec.to_builtins(record.person)
            shown["socialUserInfo"] = {
                name: person[name] for name in ("id", "name", "avatar", "email") if person[name]
            }
        return shown
    identifier = msgspec.to_builtins(record.identifier)
    return shown | {"identifier": identifier, "verified": isinstance(record, PasswordRecord)}
