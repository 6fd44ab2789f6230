"""API resources (indicator = audience of the token) and scopes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Index, String, Text

from doorward.security.levels import Level
from doorward.storage import Json, Timestamp, tenant_table


class DetailField(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """A member that authorization details of a type may have."""

    kind: Literal["string", "number", "boolean", "object", "array"]
    is_required: bool = False


class AuthorizationDetailsType(
    msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True
):
    """A type of authorization details (RFC 9396 section 2); `description` is what people read."""

    type: Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")]
    description: Annotated[str, Meta(max_length=256)] | None = None
    fields: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=64)], DetailField], Meta(max_length=50)
    ] = msgspec.field(default_factory=dict)


resources = tenant_table(
    "resources",
    Column("id", String(21), nullable=False),
    Column("name", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("access_token_ttl", BigInteger, nullable=False),
    Column("access_token_format", String(8), nullable=False),
    Column("authorization_details_types", Json(list[AuthorizationDetailsType]), nullable=False),
    Column("required_acr", String(64)),
    Column("max_authentication_age", BigInteger),
)
Index("uq_resources_indicator", resources.c.tenant_id, resources.c.indicator, unique=True)

scopes = tenant_table(
    "scopes",
    Column("id", String(21), nullable=False),
    Column("resource_id", String(21), nullable=False),
    Column("name", String(256), nullable=False),
    Column("description", Text),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "resource_id"],
        ["resources.tenant_id", "resources.id"],
        ondelete="CASCADE",
    ),
)
Index("uq_scopes_name", scopes.c.tenant_id, scopes.c.resource_id, scopes.c.name, unique=True)


class Resource(msgspec.Struct, frozen=True):
    """A row of resources; `access_token_ttl` is in seconds, `access_token_format` "jwt" or
    "opaque". `required_acr` and `max_authentication_age` (in seconds) are what it demands of the
    sign-in behind a token."""

    id: str
    name: str
    indicator: str
    is_default: bool
    access_token_ttl: int
    access_token_format: str = "jwt"  # noqa: S105 (no password)
    authorization_details_types: list[AuthorizationDetailsType] = msgspec.field(
        default_factory=list
    )
    required_acr: Level | None = None
    max_authentication_age: int | None = None

    @property
    def is_opaque(self) -> bool:
        """Whether access tokens are random values that the API asks us about."""
        return self.access_token_format == "opaque"  # noqa: S105 (no password)


class Scope(msgspec.Struct, frozen=True):
    """A row of scopes."""

    id: str
    resource_id: str
    name: str
    description: str | None
    created_at: datetime
