"""API resources and their permissions (scopes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post

from doorward.console.console import AnyRequest, Console
from doorward.console.fields import Errors, check_text, refusal_text
from doorward.console.lists import list_query
from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.kit.ids import new_id
from doorward.resources import rules, store
from doorward.resources.store import ScopeFilter
from doorward.resources.tables import Resource, Scope
from doorward.security.levels import (
    FEDERATED,
    HARDWARE_KEY,
    MFA,
    PASSWORD,
    PHISHING_RESISTANT,
    Level,
)
from doorward.sign_in_experience.document import parse_experience
from doorward.sign_in_experience.levels import reachable_acrs
from doorward.sign_in_experience.store import get_experience
from doorward.storage import Database, UniqueViolation, config_changed

PAGE = "/console/api-resources"
MAX_NAME = 256
MAX_INDICATOR = 2048
MAX_DESCRIPTION = 2048
DEFAULT_LIFETIME = 3600
MAX_LIFETIME = 31_536_000
LEVEL_TEXTS: Mapping[Level, str] = {
    FEDERATED: "resources.acr_federated",
    PASSWORD: "resources.acr_password",
    MFA: "resources.acr_mfa",
    PHISHING_RESISTANT: "resources.acr_phr",
    HARDWARE_KEY: "resources.acr_phrh",
}


@get(PAGE, include_in_schema=False)
async def show_resources(request: AnyRequest, console: Console, db: Database) -> Response[str]:
    """List the API resources."""
    return await _list_page(request, console, db, values={}, errors={})


@post(PAGE, include_in_schema=False)
async def create_resource(
    request: AnyRequest, console: Console, db: Database, clock: Clock
) -> Response[str]:
    """Register an API resource."""
    values = {name: console.form.text(name) for name in ("name", "indicator")}
    errors = check_text(console, values, name=MAX_NAME, indicator=MAX_INDICATOR)
    if "indicator" not in errors and not rules.is_indicator(values["indicator"]):
        errors["indicator"] = console.text("error.indicator")
    resource = Resource(
        id=new_id(),
        name=values["name"],
        indicator=values["indicator"],
        is_default=False,
        access_token_ttl=DEFAULT_LIFETIME,
    )
    if not errors:
        try:
            async with db.transaction(console.tenant_id) as tx:
                await rules.add_resource(tx, tenant_id=console.tenant_id, resource=resource)
                await config_changed(tx, console.tenant_id)
                await console.audit(tx, "Resource.Created", at=clock.now(), id=resource.id)
        except RequestError:
            errors["indicator"] = console.text("error.indicator_in_use")
    if errors:
        return await _list_page(request, console, db, values=values, errors=errors, status=422)
    return console.redirect(f"{PAGE}/{resource.id}", toast="toast.created", name=values["name"])


@get(f"{PAGE}/{{resource_id:str}}", include_in_schema=False)
async def show_resource(console: Console, resource_id: str, db: Database) -> Response[str]:
    """Show one API resource."""
    resource = await rules.get_resource(db, tenant_id=console.tenant_id, resource_id=resource_id)
    return await _details_page(console, db, resource)


@post(f"{PAGE}/{{resource_id:str}}", include_in_schema=False)
async def save_resource(
    console: Console, resource_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Change an API resource."""
    tenant_id, form = console.tenant_id, console.form
    resource = await rules.get_resource(db, tenant_id=tenant_id, resource_id=resource_id)
    values: dict[str, Any] = {
        "name": form.text("name"),
        "access_token_ttl": form.text("access_token_ttl"),
        "is_default": form.is_on("is_default"),
        "is_opaque": form.is_on("is_opaque"),
        "required_acr": form.text("required_acr"),
        "max_authentication_age": form.text("max_authentication_age"),
    }
    errors = check_text(console, values, name=MAX_NAME)
    lifetime = form.integer("access_token_ttl")
    if lifetime is None or not 1 <= lifetime <= MAX_LIFETIME:
        errors["access_token_ttl"] = console.text("error.range", min=1, max=MAX_LIFETIME)
    if values["required_acr"] not in {"", *LEVEL_TEXTS}:
        errors["required_acr"] = console.text("error.choose")
    age = form.integer("max_authentication_age")
    if values["max_authentication_age"] and (age is None or not 1 <= age <= MAX_LIFETIME):
        errors["max_authentication_age"] = console.text("error.range", min=1, max=MAX_LIFETIME)
    if errors:
        return await _details_page(console, db, resource, values=values, errors=errors, status=422)
    async with db.transaction(tenant_id) as tx:
        await rules.get_modifiable_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
        await store.update_resource(
            tx,
            tenant_id=tenant_id,
            resource_id=resource_id,
            changes={
                "name": values["name"],
                "access_token_ttl": lifetime,
                "access_token_format": "opaque" if values["is_opaque"] else "jwt",
                "required_acr": values["required_acr"] or None,
                "max_authentication_age": age,
            },
        )
        if values["is_default"] != resource.is_default:
            await rules.set_default(
                tx,
                tenant_id=tenant_id,
                resource_id=resource_id,
                is_default=values["is_default"],
            )
        await config_changed(tx, tenant_id)
        await console.audit(tx, "Resource.Updated", at=clock.now(), id=resource_id)
    return console.redirect(f"{PAGE}/{resource_id}", toast="toast.saved")


@post(f"{PAGE}/{{resource_id:str}}/delete", include_in_schema=False)
async def delete_resource(
    console: Console, resource_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Delete an API resource with its permissions."""
    tenant_id = console.tenant_id
    async with db.transaction(tenant_id) as tx:
        resource = await rules.get_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
        await rules.delete_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
        await console.audit(tx, "Resource.Deleted", at=clock.now(), id=resource_id)
    return console.redirect(PAGE, toast="toast.deleted", name=resource.name)


@post(f"{PAGE}/{{resource_id:str}}/scopes", include_in_schema=False)
async def create_scope(
    console: Console, resource_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Add a permission."""
    tenant_id = console.tenant_id
    resource = await rules.get_resource(db, tenant_id=tenant_id, resource_id=resource_id)
    values = {name: console.form.text(name) for name in ("name", "description")}
    errors = check_text(console, values, name=MAX_NAME) | check_text(
        console, values, is_required=False, description=MAX_DESCRIPTION
    )
    scope = Scope(
        id=new_id(),
        resource_id=resource_id,
        name=values["name"],
        description=values["description"] or None,
        created_at=clock.now(),
    )
    if not errors:
        try:
            rules.check_scope_name(values["name"])
            async with db.transaction(tenant_id) as tx:
                await rules.get_modifiable_resource(
                    tx, tenant_id=tenant_id, resource_id=resource_id
                )
                await store.add_scope(tx, tenant_id=tenant_id, scope=scope)
                await config_changed(tx, tenant_id)
                await console.audit(tx, "Scope.Created", at=clock.now(), id=scope.id)
        except UniqueViolation:
            errors["name"] = console.text("error.scope_in_use")
        except RequestError as error:
            errors["name"] = refusal_text(error)
    if errors:
        return await _details_page(
            console, db, resource, scope_values=values, scope_errors=errors, status=422
        )
    return console.redirect(f"{PAGE}/{resource_id}", toast="toast.created", name=values["name"])


@post(f"{PAGE}/{{resource_id:str}}/scopes/delete", include_in_schema=False)
async def delete_scope(
    console: Console, resource_id: str, db: Database, clock: Clock
) -> Response[str]:
    """Delete a permission; it leaves every role."""
    tenant_id, scope_id = console.tenant_id, console.form.text("scope_id")
    async with db.transaction(tenant_id) as tx:
        await rules.get_modifiable_resource(tx, tenant_id=tenant_id, resource_id=resource_id)
        if not await store.delete_scope(
            tx, tenant_id=tenant_id, resource_id=resource_id, scope_id=scope_id
        ):
            raise RequestError("entity.not_found", status=404)
        await config_changed(tx, tenant_id)
        await console.audit(tx, "Scope.Deleted", at=clock.now(), id=scope_id)
    return console.redirect(f"{PAGE}/{resource_id}", toast="toast.removed")


async def _list_page(
    request: AnyRequest,
    console: Console,
    db: Database,
    *,
    values: dict[str, str],
    errors: Errors,
    status: int = 200,
) -> Response[str]:
    query = list_query(request)
    listing = await store.list_resources(
        db, tenant_id=console.tenant_id, text=query.search, window=query.window
    )
    scopes = await store.list_scopes(db, tenant_id=console.tenant_id, where=ScopeFilter())
    return console.page(
        "resources.html",
        status=status,
        resources=[
            {
                "id": resource.id,
                "name": resource.name,
                "indicator": resource.indicator,
                "is_default": resource.is_default,
                "is_opaque": resource.is_opaque,
                "is_built_in": rules.is_management_resource(resource),
                "scope_count": sum(s.resource_id == resource.id for s in scopes.entries),
            }
            for resource in listing.entries
        ],
        search=query.search,
        paging=query.paging(listing),
        values=values,
        errors=errors,
    )


async def _details_page(
    console: Console,
    db: Database,
    resource: Resource,
    *,
    values: dict[str, Any] | None = None,
    errors: Errors | None = None,
    scope_values: dict[str, str] | None = None,
    scope_errors: Errors | None = None,
    status: int = 200,
) -> Response[str]:
    scopes = await store.list_scopes(
        db, tenant_id=console.tenant_id, where=ScopeFilter(resource_id=resource.id)
    )
    stored = {
        "name": resource.name,
        "access_token_ttl": resource.access_token_ttl,
        "is_default": resource.is_default,
        "is_opaque": resource.is_opaque,
        "required_acr": resource.required_acr or "",
        "max_authentication_age": resource.max_authentication_age or "",
    }
    found = await get_experience(db, tenant_id=console.tenant_id)
    experience = parse_experience(found.document, sign_in_mode=found.sign_in_mode)
    # What nobody can reach is offered where somebody chose it already, to be seen and undone.
    levels = {*reachable_acrs(experience), resource.required_acr} - {FEDERATED}
    return console.page(
        "resource_details.html",
        status=status,
        resource={
            "id": resource.id,
            "name": resource.name,
            "indicator": resource.indicator,
            "is_built_in": rules.is_management_resource(resource),
        },
        levels=[
            ("", console.text("resources.acr_any")),
            *((one, console.text(text)) for one, text in LEVEL_TEXTS.items() if one in levels),
        ],
        values=stored if values is None else values,
        errors=errors or {},
        scopes=[
            {"id": scope.id, "name": scope.name, "description": scope.description}
            for scope in scopes.entries
        ],
        scope_values=scope_values or {},
        scope_errors=scope_errors or {},
    )
