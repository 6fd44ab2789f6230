"""Rows of resources and scopes."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Select, Text, bindparam, cast, delete, func, or_, select, update

from doorward.resources.tables import AuthorizationDetailsType, Resource, Scope, resources, scopes
from doorward.storage import Database, Executor, Statement, Transaction, insert_statement
from doorward.storage.listing import EVERYTHING, Listing, Window, fetch_window
from doorward.storage.search import Search, search_condition

_r = resources.c
_s = scopes.c
_RESOURCE = (
    _r.id,
    _r.name,
    _r.indicator,
    _r.is_default,
    _r.access_token_ttl,
    _r.access_token_format,
    _r.authorization_details_types,
    _r.required_acr,
    _r.max_authentication_age,
)
_SCOPE = (_s.id, _s.resource_id, _s.name, _s.description, _s.created_at)
_SEARCHED = {"id": _s.id, "name": _s.name, "description": _s.description}
_OURS = _r.tenant_id == bindparam("tenant_id")
_THIS = (_OURS, _r.id == bindparam("resource_id_"))
_THIS_SCOPE = (
    _s.tenant_id == bindparam("tenant_id"),
    _s.resource_id == bindparam("resource_id_"),
    _s.id == bindparam("scope_id_"),
)
_INSERT = insert_statement(resources)
_INSERT_SCOPE = insert_statement(scopes)
_FIND = Statement(select(*_RESOURCE).where(*_THIS), into=Resource)
_FIND_BY_INDICATOR = Statement(
    select(*_RESOURCE).where(_OURS, _r.indicator == bindparam("indicator_")), into=Resource
)
_FIND_DEFAULT = Statement(select(*_RESOURCE).where(_OURS, _r.is_default.is_(True)), into=Resource)
_LONGEST = Statement(select(func.max(_r.access_token_ttl).label("longest")).where(_OURS))
_LIST_DETAIL_TYPES = Statement(
    select(_r.indicator, _r.authorization_details_types).where(
        _OURS, cast(_r.authorization_details_types, Text) != "[]"
    )
)
_CLEAR_DEFAULT = Statement(
    update(resources).where(_OURS, _r.is_default.is_(True)).values(is_default=False)
)
_DELETE = Statement(delete(resources).where(*_THIS))
_FIND_SCOPE = Statement(select(*_SCOPE).where(*_THIS_SCOPE), into=Scope)
_DELETE_SCOPE = Statement(delete(scopes).where(*_THIS_SCOPE))


class ScopeFilter(msgspec.Struct, frozen=True):
    """What a list of scopes is narrowed to. `ids` is a subquery of scope ids."""

    resource_id: str | None = None
    ids: Select[Any] | None = None
    search: Search = Search()


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
        access_token_format=resource.access_token_format,
        authorization_details_types=resource.authorization_details_types,
        required_acr=resource.required_acr,
        max_authentication_age=resource.max_authentication_age,
    )


async def find_resource(db: Executor, *, tenant_id: str, resource_id: str) -> Resource | None:
    """Return the resource with this id."""
    return await db.one(_FIND, tenant_id=tenant_id, resource_id_=resource_id)


async def find_resource_by_indicator(
    db: Executor, *, tenant_id: str, indicator: str
) -> Resource | None:
    """Return the resource that is known by this indicator (audience)."""
    return await db.one(_FIND_BY_INDICATOR, tenant_id=tenant_id, indicator_=indicator)


async def find_default_resource(db: Executor, *, tenant_id: str) -> Resource | None:
    """Return the tenant's default resource, if it has one."""
    return await db.one(_FIND_DEFAULT, tenant_id=tenant_id)


async def list_resources(
    db: Executor, *, tenant_id: str, text: str = "", window: Window = EVERYTHING
) -> Listing[Resource]:
    """Return a window of the tenant's resources with `text` in name or indicator, by name."""
    query = select(*_RESOURCE).where(_OURS)
    if text:
        query = query.where(
            or_(
                _r.name.icontains(text, autoescape=True),
                _r.indicator.icontains(text, autoescape=True),
            )
        )
    return await fetch_window(
        db,
        query,
        order_by=(_r.name, _r.id),
        into=Resource,
        window=window,
        tenant_id=tenant_id,
    )


async def list_detail_types(
    db: Executor, *, tenant_id: str
) -> list[tuple[str, list[AuthorizationDetailsType]]]:
    """Return the indicator and the types of each resource that defines any."""
    rows = await db.all(_LIST_DETAIL_TYPES, tenant_id=tenant_id)
    return [(row["indicator"], row["authorization_details_types"]) for row in rows]


async def longest_access_token_lifetime(db: Executor, *, tenant_id: str) -> int:
    """Return the longest lifetime of an access token in seconds, 0 without resources."""
    row = await db.one(_LONGEST, tenant_id=tenant_id)
    return int(row["longest"] or 0) if row else 0


async def update_resource(
    tx: Transaction, *, tenant_id: str, resource_id: str, changes: dict[str, Any]
) -> bool:
    """Set columns of a resource; False when there is no such resource."""
    statement = update(resources).where(*_THIS).values(**changes)
    return await tx.execute(statement, tenant_id=tenant_id, resource_id_=resource_id) == 1


async def clear_default_resource(tx: Transaction, *, tenant_id: str) -> None:
    """Let no resource be the default one."""
    await tx.execute(_CLEAR_DEFAULT, tenant_id=tenant_id)


async def delete_resource(tx: Transaction, *, tenant_id: str, resource_id: str) -> bool:
    """Delete a resource with its scopes, and what grants them; False when it was gone already."""
    return await tx.execute(_DELETE, tenant_id=tenant_id, resource_id_=resource_id) == 1


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


async def find_scope(
    db: Executor, *, tenant_id: str, resource_id: str, scope_id: str
) -> Scope | None:
    """Return the scope of a resource with this id."""
    return await db.one(
        _FIND_SCOPE, tenant_id=tenant_id, resource_id_=resource_id, scope_id_=scope_id
    )


async def list_scopes(
    db: Database, *, tenant_id: str, where: ScopeFilter, window: Window = EVERYTHING
) -> Listing[Scope]:
    """Return a window of scopes, oldest first."""
    query = select(*_SCOPE).where(_s.tenant_id == bindparam("tenant_id"))
    if where.resource_id is not None:
        query = query.where(_s.resource_id == where.resource_id)
    if where.ids is not None:
        query = query.where(_s.id.in_(where.ids))
    if where.search.terms:
        query = query.where(search_condition(where.search, columns=_SEARCHED, db=db))
    return await fetch_window(
        db,
        query,
        order_by=(_s.created_at, _s.id),
        into=Scope,
        window=window,
        tenant_id=tenant_id,
    )


async def list_scopes_by_id(db: Executor, *, tenant_id: str, ids: list[str]) -> list[Scope]:
    """Return those of the scopes that exist."""
    query = select(*_SCOPE).where(
        _s.tenant_id == bindparam("tenant_id"), _s.id.in_(list(dict.fromkeys(ids)))
    )
    return await db.all(Statement(query, into=Scope), tenant_id=tenant_id)


async def update_scope(
    tx: Transaction, *, tenant_id: str, resource_id: str, scope_id: str, changes: dict[str, Any]
) -> bool:
    """Set columns of a scope; False when there is no such scope.

    Raises:
        UniqueViolation: uq_scopes_name.
    """
    changed = await tx.execute(
        update(scopes).where(*_THIS_SCOPE).values(**changes),
        tenant_id=tenant_id,
        resource_id_=resource_id,
        scope_id_=scope_id,
    )
    return changed == 1


async def delete_scope(tx: Transaction, *, tenant_id: str, resource_id: str, scope_id: str) -> bool:
    """Delete a scope and what grants it; False when it was gone already."""
    deleted = await tx.execute(
        _DELETE_SCOPE, tenant_id=tenant_id, resource_id_=resource_id, scope_id_=scope_id
    )
    return deleted == 1


def scope_names_statement(ids: Select[Any]) -> Statement[dict[str, Any]]:
    """Return the statement for the names of a resource's scopes (bind "resource_id_") whose ids a
    subquery yields; for the slice that knows who was granted what."""
    return Statement(
        select(_s.name)
        .where(
            _s.tenant_id == bindparam("tenant_id"),
            _s.resource_id == bindparam("resource_id_"),
            _s.id.in_(ids),
        )
        .order_by(_s.name)
    )
