"""One request of one browser within one sign-in: which interaction it belongs to, and saving it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request
from litestar.params import SkipValidation

from doorward.errors import RequestError
from doorward.interactions.cookie import read_interactions, select_uid
from doorward.interactions.store import CONSENT, find_interaction, save_state
from doorward.interactions.tables import Interaction
from doorward.kit.edge import Edge
from doorward.sessions.store import is_session_alive
from doorward.sign_in.state import FlowState, InteractionEvent, dump_state, parse_state
from doorward.sign_in.surface import Surface, UseSurface
from doorward.sign_in_experience.cached import current_experience
from doorward.sign_in_experience.document import Experience
from doorward.storage import Snapshot, Transaction

AnyRequest = Request[Any, Any, Any]


class Visit(msgspec.Struct, frozen=True):
    """What a step knows: who asks, the tenant's policy, and where the flow stands."""

    edge: Edge
    snapshot: Snapshot
    experience: Experience
    interaction: Interaction
    uid: str
    state: FlowState
    now: datetime

    @property
    def tenant_id(self) -> str:
        """The tenant of the request."""
        return self.edge.tenant_id

    @property
    def return_url(self) -> str:
        """Where the browser goes when the flow is done."""
        return f"{self.edge.issuer}/auth/{self.uid}"


UseVisit = SkipValidation[Visit]


async def open_visit(request: AnyRequest, surface: UseSurface) -> Visit:
    """Return the visit of a request, from the browser's signed cookie (reference: oidc.md 20).

    Raises:
        RequestError: 400 session.not_found; no interaction, an expired one, one that is done, or
            one of another application than the request names.
    """
    return await _open(request, surface, is_wanted=_waits_for_sign_in)


async def open_consent_visit(request: AnyRequest, surface: UseSurface) -> Visit:
    """Return the visit of somebody who is signed in and asked for consent.

    Raises:
        RequestError: as `open_visit`.
    """
    visit = await _open(request, surface, is_wanted=_waits_for_consent)
    # Whoever signed out has nothing to allow any more, and nobody else has it for them.
    if not await is_session_alive(
        surface.db,
        tenant_id=visit.tenant_id,
        session_id=visit.interaction.session_id or "",
        now=visit.now,
    ):
        raise RequestError("session.not_found")
    return visit


async def find_visit(uid: str | None, *, edge: Edge, surface: Surface) -> Visit | None:
    """Return the visit of an interaction that still waits for a person."""
    return await _find(uid, edge=edge, surface=surface, is_wanted=_waits_for_sign_in)


async def _open(
    request: AnyRequest, surface: Surface, *, is_wanted: Callable[[Interaction], bool]
) -> Visit:
    edge: Edge = request.scope["state"]["edge"]
    entries = read_interactions(request.scope["headers"], edge=edge, sealer=surface.sealer)
    app_id = request.headers.get("logto-app-id") or request.query_params.get("app_id")
    uid = select_uid(entries, app_id=app_id)
    visit = await _find(uid, edge=edge, surface=surface, is_wanted=is_wanted)
    if visit is None or (app_id and visit.interaction.client_id != app_id):
        raise RequestError("session.not_found")
    # For the page that an error may end on.
    request.scope["state"]["visit"] = visit
    return visit


async def _find(
    uid: str | None, *, edge: Edge, surface: Surface, is_wanted: Callable[[Interaction], bool]
) -> Visit | None:
    if not uid:
        return None
    now = surface.clock.now()
    interaction = await find_interaction(surface.db, tenant_id=edge.tenant_id, uid=uid, now=now)
    if interaction is None or not is_wanted(interaction):
        return None
    snapshot = await surface.snapshots.current(edge.tenant_id)
    return Visit(
        edge=edge,
        snapshot=snapshot,
        experience=await current_experience(snapshot),
        interaction=interaction,
        uid=uid,
        state=parse_state(interaction.state),
        now=now,
    )


def _waits_for_sign_in(interaction: Interaction) -> bool:
    return interaction.user_id is None


def _waits_for_consent(interaction: Interaction) -> bool:
    return interaction.event == CONSENT and interaction.user_id is not None


def check_started(visit: Visit) -> InteractionEvent:
    """Return the event of a flow that has begun.

    Raises:
        RequestError: 404 session.interaction_not_found before PUT /api/experience.
    """
    if visit.state.event is None:
        raise RequestError("session.interaction_not_found", status=404)
    return visit.state.event


async def save(tx: Transaction, visit: Visit, state: FlowState) -> None:
    """Store where the flow stands.

    Raises:
        RequestError: 409 session.identity_conflict, another request of this sign-in was faster.
    """
    is_saved = await save_state(
        tx,
        tenant_id=visit.tenant_id,
        interaction=visit.interaction,
        event=state.event,
        state=dump_state(state),
    )
    if not is_saved:
        raise overtaken()


def overtaken() -> RequestError:
    """Return the refusal of a request whose sign-in moved on meanwhile."""
    return RequestError(
        "session.identity_conflict", status=409, detail="another request was faster"
    )
