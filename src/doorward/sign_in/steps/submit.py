"""The end: POST /api/experience/submit. The pages submit by themselves, in `proceed`."""

from __future__ import annotations

from litestar import post

from doorward.management.body import View
from doorward.sign_in.submission import find_account, submit
from doorward.sign_in.surface import UseSurface
from doorward.sign_in.visit import UseVisit, check_started


class SubmitView(View):
    """Where the browser goes next."""

    redirect_to: str


@post("/api/experience/submit", status_code=200, tags=["Experience"])
async def submit_interaction(visit: UseVisit, surface: UseSurface) -> SubmitView:
    """Write what was collected, complete the interaction and say where to go."""
    check_started(visit)
    async with surface.db.transaction(visit.tenant_id) as tx:
        user = await find_account(tx, visit, visit.state)
        await submit(tx, visit, visit.state, user)
    return SubmitView(redirect_to=visit.return_url)
