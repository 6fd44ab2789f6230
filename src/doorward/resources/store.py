"""Rows of resources and scopes."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from doorward.resources.tables import Resource, Scope, resources, scopes
from doorward.storage import Executor, Statement, Transaction, insert_statement

_r = resources.c
_s = scopes.c
_INSERT = insert_statement(resources)
_INSERT_SCOPE = insert_statement(scopes)
_FIND_BY_INDICATOR = Statement(
    select(_r.id, _r.name, _r.indicator, _r.is_default, _r.access_token_ttl).where(
        _r.tenant_id == bindparam("tenant_id"), _r.indicator == bindparam("indicator_")
    ),
    into=Resource,
)
_FIND_DEFAULT = Statement(
    select(_r.id, _r.name, _r.indicator, _r.is_default, _r.access_token_ttl).where(
        _r.tenant_id == bindparam("tenant_id"), _r.is_default.is_(True)
    ),
    into=Resource,
)


async def add_resource(tx: Transaction, *, tenant_id: str, resource: Resource) -> None:
    """Store a new resource.

    Raises:
        UniqueViolation: uq_resources_indicator, the indicator is in use.
    """
    await tx.execute(
        _INSERT,
        tenant_id=tenant_id,
        id=resource.id,
        name=resource.name,
        indicator=resource.indicator,
        is_default=resource.is_default,
        access_token_ttl=resource.access_token_ttl,
    )


async def add_scope(tx: Transaction, *, tenant_id: str, scope: Scope) -> None:
    """Store a new scope of a resource.

    Raises:
        UniqueViolation: uq_scopes_name. ForeignKeyViolation: the resource does not exist.
    """
    await tx.execute(
        _INSERT_SCOPE,
        tenant_id=tenant_id,
        id=scope.id,
        resource_id=scope.resource_id,
        name=scope.name,
        description=scope.description,
        created_at=scope.created_at,
    )


async def find_resource_by_indicator(
    db: Executor, *, tenant_id: str, indicator: str
) -> Resource | None:
    """Return the resource that is known by this indicator (audience)."""
    return await db.one(_FIND_BY_INDICATOR, tenant_id=tenant_id, indicator_=indicator)


async def find_default_resource(db: Executor, *, tenant_id: str) -> Resource | None:
    """Return the tenant's default resource, if it has one."""
    return await db.one(_FIND_DEFAULT, tenant_id=tenant_id)
