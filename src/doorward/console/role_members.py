"""Who has a role, and who could be given it."""

from __future__ import annotations

from typing import Any

import msgspec

from doorward.applications.store import ApplicationFilter, list_applications
from doorward.applications.types import ApplicationType
from doorward.console.console import Console
from doorward.console.frameworks import logo_of
from doorward.console.lists import first_entries
from doorward.roles.store import list_applications_of_roles, list_users_of_roles
from doorward.storage import Database, Executor
from doorward.users.store import UserFilter, list_users
from doorward.users.tables import User

SHOWN = 100


class Members(msgspec.Struct, frozen=True):
    """`assigned` as rows, `candidates` as (id, text) to choose from."""

    assigned: list[dict[str, Any]]
    candidates: list[tuple[str, str]]


async def member_counts(db: Executor, *, tenant_id: str, role_ids: list[str]) -> dict[str, int]:
    """Return how many users and applications have each role."""
    # One of each is named, because a role of which nobody is would not be counted.
    users = await list_users_of_roles(db, tenant_id=tenant_id, role_ids=role_ids, featured=1)
    machines = await list_applications_of_roles(
        db, tenant_id=tenant_id, role_ids=role_ids, featured=1
    )
    return {
        role_id: sum(found[role_id].count for found in (users, machines) if role_id in found)
        for role_id in role_ids
    }


async def user_members(console: Console, db: Database, *, role_id: str) -> Members:
    """Return the users of a role."""

    async def find(where: UserFilter) -> list[User]:
        listing = await list_users(
            db, tenant_id=console.tenant_id, where=where, window=first_entries(SHOWN)
        )
        return listing.entries

    return Members(
        assigned=[
            {
                "id": user.id,
                "name": _name(console, user),
                "text": user.primary_email or user.username or user.id,
                "url": f"/console/users/{user.id}",
                "picture": user.avatar,
            }
            for user in await find(UserFilter(role_id=role_id))
        ],
        candidates=[
            (user.id, f"{_name(console, user)} ({user.primary_email or user.username or user.id})")
            for user in await find(UserFilter(excluded_role_id=role_id))
        ],
    )


async def application_members(console: Console, db: Database, *, role_id: str) -> Members:
    """Return the machine-to-machine applications of a role."""
    tenant_id, window = console.tenant_id, first_entries(SHOWN)
    machines = (ApplicationType.MACHINE_TO_MACHINE,)
    having = await list_applications(
        db, tenant_id=tenant_id, where=ApplicationFilter(role_id=role_id), window=window
    )
    others = await list_applications(
        db,
        tenant_id=tenant_id,
        where=ApplicationFilter(types=machines, excluded_role_id=role_id),
        window=window,
    )
    return Members(
        assigned=[
            {
                "id": application.id,
                "name": application.name,
                "text": application.id,
                "url": f"/console/applications/{application.id}",
                "picture": logo_of(
                    application.type, application.custom_data, static=console.static
                ),
            }
            for application in having.entries
        ],
        candidates=[(application.id, application.name) for application in others.entries],
    )


def _name(console: Console, user: User) -> str:
    return user.name or user.username or user.primary_email or console.text("users.unnamed")
