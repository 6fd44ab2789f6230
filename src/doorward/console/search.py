"""Search over everything that the console manages."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from doorward.applications.store import ApplicationFilter, list_applications
from doorward.connectors import instances
from doorward.connectors.store import list_connectors
from doorward.connectors.views import logo_url
from doorward.console.console import AnyRequest, Console
from doorward.console.frameworks import logo_of
from doorward.console.lists import ListQuery, first_entries, list_query
from doorward.resources.store import list_resources
from doorward.roles.store import RoleFilter, list_roles
from doorward.storage import Database
from doorward.users.store import UserFilter, list_users

SHOWN = 10
Results = list[dict[str, Any]]


@get("/console/search", include_in_schema=False)
async def search(request: AnyRequest, console: Console, db: Database) -> Response[str]:
    """Show the first findings of each kind."""
    query = list_query(request)
    groups = []
    if query.search:
        for title, icon, find in (
            ("users.title", "users", _users),
            ("nav.applications", "applications", _applications),
            ("nav.connectors", "connectors", _connectors),
            ("nav.api_resources", "resources", _resources),
            ("nav.roles", "roles", _roles),
        ):
            if results := await find(console, db, query):
                groups.append({"title": console.text(title), "icon": icon, "results": results})
    return console.page("search.html", search_text=query.search, groups=groups)


async def _users(console: Console, db: Database, query: ListQuery) -> Results:
    where = UserFilter(
        search=query.search_in("id", "username", "name", "primaryEmail", "primaryPhone")
    )
    listing = await list_users(
        db, tenant_id=console.tenant_id, where=where, window=first_entries(SHOWN)
    )
    return [
        {
            "name": user.name or user.username or user.primary_email or user.id,
            "text": user.primary_email or user.username or user.id,
            "url": f"/console/users/{user.id}",
            "picture": user.avatar,
        }
        for user in listing.entries
    ]


async def _applications(console: Console, db: Database, query: ListQuery) -> Results:
    where = ApplicationFilter(search=query.search_in("id", "name", "description"))
    listing = await list_applications(
        db, tenant_id=console.tenant_id, where=where, window=first_entries(SHOWN)
    )
    return [
        {
            "name": application.name,
            "text": application.id,
            "url": f"/console/applications/{application.id}",
            "picture": logo_of(application.type, application.custom_data, static=console.static),
        }
        for application in listing.entries
    ]


async def _connectors(console: Console, db: Database, query: ListQuery) -> Results:
    results = []
    for connector in await list_connectors(db, tenant_id=console.tenant_id, sealer=console.sealer):
        if instances.target_of(connector) is None:
            continue
        metadata = instances.metadata_of(connector)
        if _contains(query, metadata.name, metadata.target, connector.id):
            results.append(
                {
                    "name": metadata.name,
                    "text": connector.id,
                    "url": f"/console/connectors/{connector.id}",
                    "picture": logo_url(metadata.logo, static=console.static),
                }
            )
    return results[:SHOWN]


async def _resources(console: Console, db: Database, query: ListQuery) -> Results:
    listing = await list_resources(db, tenant_id=console.tenant_id)
    return [
        {
            "name": resource.name,
            "text": resource.indicator,
            "url": f"/console/api-resources/{resource.id}",
            "picture": None,
        }
        for resource in listing.entries
        if _contains(query, resource.name, resource.indicator, resource.id)
    ][:SHOWN]


async def _roles(console: Console, db: Database, query: ListQuery) -> Results:
    where = RoleFilter(search=query.search_in("id", "name", "description"))
    listing = await list_roles(
        db, tenant_id=console.tenant_id, where=where, window=first_entries(SHOWN)
    )
    return [
        {
            "name": role.name,
            "text": role.description,
            "url": f"/console/roles/{role.id}",
            "picture": None,
        }
        for role in listing.entries
    ]


def _contains(query: ListQuery, *texts: str) -> bool:
    return any(query.search.lower() in text.lower() for text in texts)
