"""/api/subject-tokens: leave to act as a user."""

from __future__ import annotations

from litestar import post
from msgspec import UNSET, UnsetType

from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.management.body import Body, EntityId, JsonObject, View
from doorward.management.guard import Caller
from doorward.storage import Database
from doorward.subject_tokens.store import LIFETIME, add_token
from doorward.users.accounts import get_user


class CreateSubjectToken(Body):
    """For whom, and why: `context` is kept for whoever adds claims to tokens."""

    user_id: EntityId
    context: JsonObject | UnsetType = UNSET


class SubjectTokenView(View):
    """The token, shown once; `expiresIn` in seconds."""

    subject_token: str
    expires_in: int


@post("/api/subject-tokens", tags=["Subject tokens"])
async def create_subject_token(
    data: CreateSubjectToken, db: Database, edge: Edge, clock: Clock, caller: Caller
) -> SubjectTokenView:
    """Make a token that an application can exchange, once, for an access token of a user."""
    async with db.transaction(edge.tenant_id) as tx:
        await get_user(tx, tenant_id=edge.tenant_id, user_id=data.user_id)
        value = await add_token(
            tx,
            tenant_id=edge.tenant_id,
            user_id=data.user_id,
            context={} if data.context is UNSET else data.context,
            creator_id=caller.subject,
            now=clock.now(),
        )
    return SubjectTokenView(subject_token=value, expires_in=int(LIFETIME.total_seconds()))


HANDLERS = (create_subject_token,)
