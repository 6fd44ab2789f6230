"""What exists after the first start, in both tenants (reference: seed.json).

`seed` is one transaction and runs only when the `default` tenant is missing, so nodes that start
together seed once. Entries of hosted-only services are left out: nothing here would answer them.
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from doorward.applications import store as applications
from doorward.applications.tables import Application
from doorward.applications.types import DEFAULT_SECRET_NAME, ApplicationType
from doorward.keys.rotation import add_first_key
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.ids import new_id, new_secret
from doorward.management.audience import audience_of
from doorward.resources import store as resources
from doorward.resources.tables import Resource, Scope
from doorward.roles import store as roles
from doorward.roles.tables import Role
from doorward.sign_in_experience import store as sign_in_experience
from doorward.storage import Database, Transaction, UniqueViolation
from doorward.storage.database import ALL_TENANTS
from doorward.tenants import store

DEFAULT_TENANT = "default"
ADMIN_TENANT = "admin"
CONSOLE_APPLICATION_ID = "admin-console"
ADMIN_ROLE_NAME = "default:admin"
ADMIN_USER_ROLE_NAME = "user"
MANAGEMENT_RESOURCE_ID = "management-api"
MANAGEMENT_SCOPE = "all"

_DEFAULT_EXPERIENCE: dict[str, Any] = {
    "color": {
        "primaryColor": "#0b6e5b",
        "darkPrimaryColor": "#3fc7a6",
        "isDarkModeEnabled": True,
    },
    "branding": {},
    "hideLogtoBranding": False,
    "languageInfo": {"autoDetect": True, "fallbackLanguage": "en"},
    "termsOfUseUrl": None,
    "privacyPolicyUrl": None,
    "agreeToTermsPolicy": "Automatic",
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "socialSignIn": {},
    "socialSignInConnectorTargets": [],
    "customCss": None,
    "customContent": {},
    "customUiAssets": None,
    "customUiCsp": {},
    "passwordPolicy": {},
    "mfa": {"policy": "UserControlled", "factors": []},
    "adaptiveMfa": {},
    "trustedDevice": {},
    "singleSignOnEnabled": False,
    "supportEmail": None,
    "supportWebsiteUrl": None,
    "unknownSessionRedirectUrl": None,
    "captchaPolicy": {},
    "sentinelPolicy": {},
    "emailBlocklistPolicy": {},
    "verificationCodePolicy": {},
    "forgotPasswordMethods": [],
    "passkeySignIn": {},
    "signUpProfileFields": None,
    "passwordExpiration": {},
    "usernamePolicy": {
        "caseSensitive": True,
        "minLength": 1,
        "maxLength": 128,
        "allowedChars": {
            "lowercase": True,
            "uppercase": True,
            "numbers": True,
            "underscore": True,
        },
    },
}


def management_indicator(tenant_id: str) -> str:
    """Return the resource indicator of a tenant's management API; a name, not an address."""
    return audience_of(tenant_id)


async def seed(db: Database, *, sealer: Sealer, clock: Clock) -> bool:
    """Create the two tenants unless they exist; return whether this call did."""
    try:
        async with db.transaction(ALL_TENANTS) as tx:
            if DEFAULT_TENANT in await store.list_tenant_ids(tx):
                return False
            now = clock.now()
            for tenant_id, mode in (
                (DEFAULT_TENANT, "SignInAndRegister"),
                (ADMIN_TENANT, "Register"),
            ):
                await _seed_tenant(tx, tenant_id, sign_in_mode=mode, sealer=sealer, now=now)
            await _seed_default_tenant(tx, now)
            await _seed_admin_tenant(tx, sealer=sealer, now=now)
    except UniqueViolation:
        return False  # another node was faster
    return True


async def _seed_tenant(
    tx: Transaction, tenant_id: str, *, sign_in_mode: str, sealer: Sealer, now: datetime
) -> None:
    await store.add_tenant(tx, tenant_id=tenant_id, name="My Project", tag="development", now=now)
    await add_first_key(tx, tenant_id=tenant_id, sealer=sealer, now=now)
    await sign_in_experience.add_experience(
        tx,
        tenant_id=tenant_id,
        sign_in_mode=sign_in_mode,
        document=copy.deepcopy(_DEFAULT_EXPERIENCE),
    )
    for key, value in (
        ("adminConsole", {"signInExperienceCustomized": False, "organizationCreated": False}),
        ("idToken", {"enabledExtendedClaims": ["roles", "organizations", "organization_roles"]}),
    ):
        await store.save_config(tx, tenant_id=tenant_id, key=key, value=value, now=now)


async def _seed_default_tenant(tx: Transaction, now: datetime) -> None:
    scope_id = await _add_resource(
        tx,
        DEFAULT_TENANT,
        id_=MANAGEMENT_RESOURCE_ID,
        name="Logto Management API",
        indicator=management_indicator(DEFAULT_TENANT),
        scope_id="management-api-all",
        now=now,
    )
    for id_, name in (("admin-role", "#internal:admin"), (new_id(), "Logto Management API access")):
        await _add_role(
            tx,
            DEFAULT_TENANT,
            id_=id_,
            name=name,
            type_="MachineToMachine",
            description="Full access to the management API of this tenant.",
            scope_ids=[scope_id],
        )


async def _seed_admin_tenant(tx: Transaction, *, sealer: Sealer, now: datetime) -> None:
    scope_ids = {
        tenant_id: await _add_resource(
            tx,
            ADMIN_TENANT,
            id_=new_id(),
            name=f"Logto Management API for tenant {tenant_id}",
            indicator=management_indicator(tenant_id),
            scope_id=new_id(),
            now=now,
        )
        for tenant_id in (DEFAULT_TENANT, ADMIN_TENANT)
    }
    me_scope_id = await _add_resource(
        tx,
        ADMIN_TENANT,
        id_=new_id(),
        name="Logto Me API",
        indicator="https://admin.logto.app/me",
        scope_id=new_id(),
        now=now,
    )
    await _add_role(
        tx,
        ADMIN_TENANT,
        id_=new_id(),
        name=ADMIN_USER_ROLE_NAME,
        type_="User",
        description="Every administrator.",
        scope_ids=[me_scope_id],
    )
    await _add_role(
        tx,
        ADMIN_TENANT,
        id_=new_id(),
        name=ADMIN_ROLE_NAME,
        type_="User",
        description="Administrator of tenant default.",
        scope_ids=[scope_ids[DEFAULT_TENANT]],
    )
    await applications.add_application(
        tx,
        tenant_id=ADMIN_TENANT,
        application=_application(CONSOLE_APPLICATION_ID, "Admin Console", ApplicationType.SPA, now),
    )
    for tenant_id in (DEFAULT_TENANT, ADMIN_TENANT):
        application_id = f"m-{tenant_id}"
        await _add_role(
            tx,
            ADMIN_TENANT,
            id_=application_id,
            name=f"machine:mapi:{tenant_id}",
            type_="MachineToMachine",
            description=f"Machine access to the management API of tenant {tenant_id}.",
            scope_ids=[scope_ids[tenant_id]],
        )
        await applications.add_application(
            tx,
            tenant_id=ADMIN_TENANT,
            application=_application(
                application_id,
                f"Management API access for {tenant_id}",
                ApplicationType.MACHINE_TO_MACHINE,
                now,
            ),
        )
        await applications.add_secret(
            tx,
            tenant_id=ADMIN_TENANT,
            application_id=application_id,
            name=DEFAULT_SECRET_NAME,
            value=new_secret(),
            sealer=sealer,
            created_at=now,
            expires_at=None,
        )
        await roles.add_application_role(
            tx, tenant_id=ADMIN_TENANT, application_id=application_id, role_id=application_id
        )


def _application(id_: str, name: str, type_: ApplicationType, now: datetime) -> Application:
    return Application(
        id=id_,
        name=name,
        description=None,
        type=type_,
        oidc_client_metadata={"redirectUris": [], "postLogoutRedirectUris": []},
        custom_client_metadata={},
        custom_data={},
        is_third_party=False,
        created_at=now,
    )


async def _add_resource(
    tx: Transaction,
    tenant_id: str,
    *,
    id_: str,
    name: str,
    indicator: str,
    scope_id: str,
    now: datetime,
) -> str:
    """Store a resource with its one scope, "all", and return the scope's id."""
    resource = Resource(
        id=id_, name=name, indicator=indicator, is_default=False, access_token_ttl=3600
    )
    await resources.add_resource(tx, tenant_id=tenant_id, resource=resource)
    scope = Scope(
        id=scope_id,
        resource_id=id_,
        name=MANAGEMENT_SCOPE,
        description="Default scope, allows all operations.",
        created_at=now,
    )
    await resources.add_scope(tx, tenant_id=tenant_id, scope=scope)
    return scope_id


async def _add_role(
    tx: Transaction,
    tenant_id: str,
    *,
    id_: str,
    name: str,
    type_: str,
    description: str,
    scope_ids: list[str],
) -> None:
    role = Role(id=id_, name=name, description=description, type=type_, is_default=False)
    await roles.add_role(tx, tenant_id=tenant_id, role=role)
    for scope_id in scope_ids:
        await roles.add_role_scope(tx, tenant_id=tenant_id, role_id=id_, scope_id=scope_id)
