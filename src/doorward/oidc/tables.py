"""What the token server remembers. Bearer values are stored as hashes; codes and refresh tokens
belong to a grant (slice `grants`), and deleting the grant ends them all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String, Text

from doorward.storage import ClientId, Json, Timestamp, tenant_table


class TokenContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an authorization carries beside scope and resources, from the code to each token.

    Members are claims as RFC 9068 and RFC 7662 name them, but for two request parameters: `claims`
    of OpenID Connect Core section 5.5, and `dpop_jkt` of RFC 9449 section 10, to which a code is
    bound; and for `consented`, which is what a user allowed a third party's application to do:
    names of scopes by the indicator of their resource (None for an application of one's own).
    `cnf` of a refresh token says whose it is, `subject_token_context` why a client acts as the
    user. A new member needs no migration.
    """

    acr: str | None = None
    amr: tuple[str, ...] = ()
    cnf: dict[str, str] | None = None
    act: dict[str, Any] | None = None
    authorization_details: list[dict[str, Any]] | None = None
    claims: dict[str, Any] | None = None
    dpop_jkt: str | None = None
    consented: dict[str, tuple[str, ...]] | None = None
    subject_token_context: dict[str, Any] | None = None


NO_CONTEXT = TokenContext()


def _of_grant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "grant_id"], ["grants.tenant_id", "grants.id"], ondelete="CASCADE"
    )


authorization_codes = tenant_table(
    "authorization_codes",
    Column("code_hash", String(64), nullable=False),
    Column("grant_id", String(21), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("session_id", String(21)),
    Column("redirect_uri", Text, nullable=False),
    Column("is_redirect_uri_required", Boolean, nullable=False),
    Column("code_challenge", String(128)),
    Column("nonce", Text),
    Column("scope", Text, nullable=False),
    Column("resources", Json, nullable=False),
    Column("context", Json(TokenContext), nullable=False),
    Column("authenticated_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("consumed_at", Timestamp),
    _of_grant(),
    primary_key=("code_hash",),
)
Index(
    "ix_authorization_codes_grant_id",
    authorization_codes.c.tenant_id,
    authorization_codes.c.grant_id,
)
Index("ix_authorization_codes_expires_at", authorization_codes.c.expires_at)

# One row a grant: rotation replaces the hash in it, so that the table does not grow with use.
refresh_tokens = tenant_table(
    "refresh_tokens",
    Column("grant_id", String(21), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("client_id", ClientId, nullable=False),
    Column("user_id", String(21), nullable=False),
    Column("session_id", String(21)),
    Column("scope", Text, nullable=False),
    Column("resources", Json, nullable=False),
    Column("context", Json(TokenContext), nullable=False),
    Column("authenticated_at", Timestamp, nullable=False),
    Column("issued_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    Column("family_expires_at", Timestamp, nullable=False),
    _of_grant(),
    primary_key=("grant_id",),
)

# What opaque access tokens are worth they carry themselves; that one is worth nothing any more is
# remembered until it would have expired.
revoked_tokens = tenant_table(
    "revoked_tokens",
    Column("token_hash", String(64), nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    primary_key=("token_hash",),
)
Index("ix_revoked_tokens_expires_at", revoked_tokens.c.expires_at)


class AuthorizationCode(msgspec.Struct, frozen=True):
    """A row of authorization_codes. `redirect_uri` must be repeated if it was required; `scope`
    holds every scope that was asked for, `resources` the indicators."""

    code_hash: str
    grant_id: str
    client_id: str
    user_id: str
    session_id: str | None
    redirect_uri: str
    is_redirect_uri_required: bool
    code_challenge: str | None
    nonce: str | None
    scope: str
    resources: list[str]
    context: TokenContext
    authenticated_at: datetime
    expires_at: datetime
    consumed_at: datetime | None


class RefreshToken(msgspec.Struct, frozen=True):
    """A row of refresh_tokens: the one token of a grant that is good. `family_expires_at` is when
    the grant ends, which no rotation may outlast."""

    grant_id: str
    token_hash: str
    client_id: str
    user_id: str
    session_id: str | None
    scope: str
    resources: list[str]
    context: TokenContext
    authenticated_at: datetime
    issued_at: datetime
    expires_at: datetime
    family_expires_at: datetime
