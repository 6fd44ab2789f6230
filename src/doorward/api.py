"""The table of the JSON APIs: which slices' handlers are served, and who may call them.

`web.py` takes `api_routers()`; `doorward routes` prints them; /api/swagger.json describes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Router
from litestar.di import Provide

from doorward.applications import api as applications
from doorward.applications.cached import find_client
from doorward.applications.store import list_applications_by_id
from doorward.audit import api as audit
from doorward.cimd import api as cimd
from doorward.connectors import api as connectors
from doorward.errors import RequestError
from doorward.keys import api as keys
from doorward.keys.ring import current_keys
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.jose import VerificationKey
from doorward.management.description import get_description
from doorward.management.guard import Caller, TokenVerifier
from doorward.management.resource_metadata import show_resource_metadata
from doorward.management.routes import (
    get_status,
    management_router,
    public_router,
)
from doorward.oidc.dpop import ProofVerifier
from doorward.oidc.errors import OAuthError
from doorward.oidc.sender_constraint import check_presenter
from doorward.personal_access_tokens import api as personal_access_tokens
from doorward.registration import api as registration
from doorward.resources import api as resources
from doorward.roles import api as roles
from doorward.roles.api import FindApplications, FindUsers
from doorward.roles.views import FeaturedApplication, FeaturedUser
from doorward.sessions import api as sessions
from doorward.settings import Settings
from doorward.sign_in_experience import api as sign_in_experience
from doorward.sign_in_experience.settings import FindNameConflicts, NameConflicts
from doorward.storage import Database, Executor, Snapshots
from doorward.subject_tokens import api as subject_tokens
from doorward.tenants import api as tenants
from doorward.tenants.seed import ADMIN_TENANT
from doorward.users import api as users
from doorward.users.store import find_user, list_name_conflicts, list_users_by_id


def api_routers() -> list[Router]:
    """Return every router under /api."""
    return [
        public_router(
            [
                get_status,
                get_description,
                show_resource_metadata,
                *sign_in_experience.PUBLIC_HANDLERS,
            ]
        ),
        management_router(
            [
                *applications.HANDLERS,
                *audit.HANDLERS,
                *cimd.HANDLERS,
                *connectors.HANDLERS,
                *keys.HANDLERS,
                *personal_access_tokens.HANDLERS,
                *registration.HANDLERS,
                *resources.HANDLERS,
                *roles.HANDLERS,
                *sessions.HANDLERS,
                *sign_in_experience.HANDLERS,
                *subject_tokens.HANDLERS,
                *tenants.HANDLERS,
                *users.HANDLERS,
            ],
            dependencies={
                "featured_users": Provide(provide_featured_users, sync_to_thread=False),
                "featured_applications": Provide(
                    provide_featured_applications, sync_to_thread=False
                ),
                "find_name_conflicts": Provide(provide_name_conflicts, sync_to_thread=False),
            },
        ),
    ]


def provide_featured_users(db: Database) -> FindUsers:
    """Return how the roles slice learns the names of users, who are above it."""

    async def find(tenant_id: str, ids: list[str]) -> dict[str, FeaturedUser]:
        users = await list_users_by_id(db, tenant_id=tenant_id, ids=ids)
        return {
            user.id: FeaturedUser(id=user.id, avatar=user.avatar, name=user.name) for user in users
        }

    return find


def provide_featured_applications(db: Database) -> FindApplications:
    """Return how the roles slice learns the names of applications, which are above it."""

    async def find(tenant_id: str, ids: list[str]) -> dict[str, FeaturedApplication]:
        found = await list_applications_by_id(db, tenant_id=tenant_id, ids=ids)
        return {
            one.id: FeaturedApplication(id=one.id, name=one.name, type=one.type) for one in found
        }

    return find


def provide_name_conflicts() -> FindNameConflicts:
    """Return how the sign-in experience learns of user names that differ only in case."""

    async def find(db: Executor, tenant_id: str, limit: int) -> NameConflicts:
        total, samples = await list_name_conflicts(db, tenant_id=tenant_id, limit=limit)
        return NameConflicts(total=total, samples=tuple(samples))

    return find


def token_verifier(
    db: Database,
    snapshots: Snapshots,
    *,
    settings: Settings,
    sealer: Sealer,
    clock: Clock,
    proofs: ProofVerifier,
) -> TokenVerifier:
    """Return the check of the management API's tokens, with the slices it asks."""

    async def keys_of(tenant_id: str) -> Mapping[str, VerificationKey]:
        ring = await current_keys(await snapshots.current(tenant_id), sealer=sealer)
        return ring.verification_keys

    async def is_active(caller: Caller) -> bool:
        if caller.is_application:
            snapshot = await snapshots.current(caller.tenant_id)
            return await find_client(snapshot, caller.subject) is not None
        user = await find_user(db, tenant_id=caller.tenant_id, user_id=caller.subject)
        return user is not None and not user.is_suspended

    async def check(**presented: Any) -> None:
        try:
            await check_presenter(proofs, **presented)
        except OAuthError as error:
            headers = {name.decode(): value.decode() for name, value in error.headers}
            if error.challenge is not None:
                headers["www-authenticate"] = error.challenge
            raise RequestError(
                "auth.unauthorized", status=401, detail=error.description, headers=headers
            ) from error

    return TokenVerifier(
        keys_of=keys_of,
        is_active=is_active,
        check_presenter=check,
        admin_tenant_id=ADMIN_TENANT,
        admin_issuer=f"{settings.admin_endpoint}/oidc",
        clock=clock,
    )
