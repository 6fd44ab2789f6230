"""Roles on the wire, and the bodies that name several of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from doorward.management.body import Body, EntityId, View
from doorward.resources.api import ResourceView, ScopeView
from doorward.roles.tables import Role

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Ids = Annotated[list[EntityId], Meta(max_length=1000)]
SomeIds = Annotated[list[EntityId], Meta(min_length=1, max_length=1000)]
Type = Literal["User", "MachineToMachine"]


class RoleView(View):
    """A role; `type` says whom it is for."""

    tenant_id: str
    id: str
    name: str
    description: str
    type: Type
    is_default: bool


class FeaturedUser(View):
    """One of the users who have a role."""

    id: str
    avatar: str | None
    name: str | None


class FeaturedApplication(View):
    """One of the applications that have a role."""

    id: str
    name: str
    type: str


class ListedRoleView(RoleView):
    """A role in the list, with who has it."""

    users_count: int
    featured_users: list[FeaturedUser]
    applications_count: int
    featured_applications: list[FeaturedApplication]


class RoleScopeView(ScopeView):
    """A scope that a role grants, with its resource."""

    resource: ResourceView


class CreateRole(Body):
    """A new role; its type never changes."""

    name: Name
    description: Name
    type: Type = "User"
    is_default: bool = False
    scope_ids: Ids | UnsetType = UNSET


class UpdateRole(Body):
    """What may change of a role."""

    name: Name | UnsetType = UNSET
    description: Name | UnsetType = UNSET
    is_default: bool | UnsetType = UNSET


class RoleIds(Body):
    """Ids of roles."""

    role_ids: Ids


class AddedRoles(View):
    """The ids that were sent, and those of them that were new."""

    role_ids: list[str]
    added_role_ids: list[str]


class SentRoles(View):
    """The ids that were sent."""

    role_ids: list[str]


class ScopeIds(Body):
    """Ids of scopes."""

    scope_ids: SomeIds


class UserIds(Body):
    """Ids of users."""

    user_ids: SomeIds


class ApplicationIds(Body):
    """Ids of applications."""

    application_ids: SomeIds


def view_role(tenant_id: str, role: Role) -> RoleView:
    """Return a role as the API shows it."""
    kind: Any = role.type
    return RoleView(
        tenant_id=tenant_id,
        id=role.id,
        name=role.name,
        description=role.description,
        type=kind,
        is_default=role.is_default,
    )
