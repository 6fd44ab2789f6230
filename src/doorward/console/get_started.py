"""Get started: three steps to the first sign-in, ticked off as they are done."""

from __future__ import annotations

from litestar import Response, get

from doorward.applications.store import ApplicationFilter, list_applications
from doorward.connectors.store import list_connectors
from doorward.console.console import Console
from doorward.console.frameworks import FRAMEWORKS
from doorward.console.gallery import card_of
from doorward.console.lists import first_entries
from doorward.storage import Database
from doorward.tenants.store import find_config


@get("/console/get-started", include_in_schema=False)
async def show_get_started(console: Console, db: Database) -> Response[str]:
    """Show the steps."""
    tenant_id = console.tenant_id
    applications = await list_applications(
        db, tenant_id=tenant_id, where=ApplicationFilter(), window=first_entries(1)
    )
    connectors = await list_connectors(db, tenant_id=tenant_id, sealer=console.sealer)
    config = await find_config(db, tenant_id=tenant_id, key="adminConsole") or {}
    return console.page(
        "get_started.html",
        frameworks=[card_of(console, f) for f in FRAMEWORKS if f.is_featured],
        done={
            "application": bool(applications.total),
            "connector": bool(connectors),
            "experience": bool(config.get("signInExperienceCustomized")),
        },
    )
