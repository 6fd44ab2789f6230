"""RFC 8693 sections 2.1 and 3: the tokens that an exchange takes, and what each is worth now.

    access token (opaque)       ours, not expired or revoked; grant, user, session, client are good
    access token (JWT)          our signature, type, issuer, time; grant, user, client are good
    sub_...                     impersonation: unused, not expired, its user is good
    pat_...                     personal access token: not expired, its user is good

Each is looked for where its `subject_token_type` says, and nowhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from doorward.keys.ring import current_keys
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.errors import InvalidRequest
from doorward.oidc.jwt_access_token import find_jwt_access_token, is_jwt, is_still_granted
from doorward.oidc.presented_token import find_access_token
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.scopes import OPENID
from doorward.oidc.tables import NO_CONTEXT, TokenContext
from doorward.oidc.users import find_live_user
from doorward.personal_access_tokens.rules import PREFIX as PERSONAL_PREFIX
from doorward.personal_access_tokens.store import find_good_token as find_personal_token
from doorward.storage import Snapshot
from doorward.subject_tokens.store import PREFIX as SUBJECT_PREFIX
from doorward.subject_tokens.store import find_good_token as find_subject_token

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 a name
IMPERSONATION_TOKEN = "urn:logto:token-type:impersonation_token"  # noqa: S105 a name
PERSONAL_ACCESS_TOKEN = "urn:logto:token-type:personal_access_token"  # noqa: S105 a name


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a token is asked, and what limits it.

    `scope` and `audience` are those of an access token, None where there was none yet. What hangs
    on `grant_id` and `session_id` ends with them. `creator_id` and `consumable` (a hash) are those
    of an impersonation token.
    """

    user_id: str
    scope: str | None = None
    audience: str | None = None
    expires_at: datetime | None = None
    authenticated_at: datetime | None = None
    context: TokenContext = NO_CONTEXT
    grant_id: str | None = None
    session_id: str | None = None
    creator_id: str | None = None
    consumable: str | None = None


async def find_subject(request: OidcRequest, provider: Provider, snapshot: Snapshot) -> Subject:
    """Return whom the request's subject token stands for.

    Raises:
        InvalidRequest: section 2.2.2, none, or one that is not (or no longer) good.
    """
    value, kind = _required(request, "subject_token"), _required(request, "subject_token_type")
    subject = None
    if kind == PERSONAL_ACCESS_TOKEN:
        subject = await _personal(request, provider, value)
    elif kind == IMPERSONATION_TOKEN or (kind == ACCESS_TOKEN and value.startswith(SUBJECT_PREFIX)):
        subject = await _impersonated(request, provider, value)
    elif kind == ACCESS_TOKEN:
        find = _of_jwt if is_jwt(value) else _of_opaque_token
        subject = await find(request, provider, snapshot, value)
    else:
        raise InvalidRequest("unsupported subject_token_type")
    if subject is None:
        raise InvalidRequest("subject token is invalid")
    return subject


async def find_actor(
    request: OidcRequest, provider: Provider, snapshot: Snapshot
) -> Subject | None:
    """Return who acts, by their opaque access token, or None when nobody else does.

    Raises:
        InvalidRequest: section 2.2.2, one that is not good for this.
    """
    value, kind = request.params.get("actor_token"), request.params.get("actor_token_type")
    if value is None:
        # Section 2.1: the type MUST NOT come without the token.
        if kind is not None:
            raise InvalidRequest("actor_token_type must not be sent without actor_token")
        return None
    if kind is None:
        raise InvalidRequest("missing required parameter actor_token_type")
    if kind != ACCESS_TOKEN:
        raise InvalidRequest("unsupported actor_token_type")
    actor = await _of_opaque_token(request, provider, snapshot, value)
    if actor is None or actor.audience is not None or OPENID not in (actor.scope or "").split():
        raise InvalidRequest("actor token is invalid")
    # Section 4.1: one chain can be told, not two: who acts must be there in person.
    if actor.context.act is not None:
        raise InvalidRequest("actor token is a delegated one")
    return actor


def _required(request: OidcRequest, name: str) -> str:
    value = request.params.get(name)
    if value is None:
        raise InvalidRequest(f"missing required parameter {name}")
    return value


async def _personal(request: OidcRequest, provider: Provider, value: str) -> Subject | None:
    if not value.startswith(PERSONAL_PREFIX):
        return None
    token = await find_personal_token(
        provider.db,
        tenant_id=request.edge.tenant_id,
        value=value,
        sealer=provider.sealer,
        now=provider.clock.now(),
    )
    return Subject(user_id=token.user_id, expires_at=token.expires_at) if token else None


async def _impersonated(request: OidcRequest, provider: Provider, value: str) -> Subject | None:
    if not value.startswith(SUBJECT_PREFIX):
        return None
    token = await find_subject_token(
        provider.db, tenant_id=request.edge.tenant_id, value=value, now=provider.clock.now()
    )
    if token is None:
        return None
    return Subject(
        user_id=token.user_id,
        context=TokenContext(subject_token_context=token.context or None),
        creator_id=token.creator_id,
        consumable=token.token_hash,
    )


async def _of_opaque_token(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, value: str
) -> Subject | None:
    token = await find_access_token(
        provider.db,
        tenant_id=request.edge.tenant_id,
        value=value,
        sealer=provider.sealer,
        now=provider.clock.now(),
    )
    # A machine's token names no person.
    if token is None or token.user_id is None:
        return None
    if not await _is_trusted(request, provider, snapshot, token.client_id):
        return None
    return Subject(
        user_id=token.user_id,
        scope=token.scope,
        audience=token.audience,
        expires_at=token.expires_at,
        authenticated_at=token.authenticated_at,
        context=token.context,
        grant_id=token.grant_id,
        session_id=token.session_id,
    )


async def _of_jwt(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, value: str
) -> Subject | None:
    # 1. RFC 9068 section 4: ours, an access token (not an ID token), and still good.
    now = provider.clock.now()
    ring = await current_keys(snapshot, sealer=provider.sealer)
    token = find_jwt_access_token(value, ring=ring, issuer=request.edge.issuer, now=now)
    if token is None:
        return None

    # 2. A person's (a machine's token names the machine), through a client that may be trusted.
    if token.is_of_machine or not await _is_trusted(request, provider, snapshot, token.client_id):
        return None
    user = await find_live_user(
        provider.db,
        tenant_id=request.edge.tenant_id,
        user_id=token.sub,
        session_id=None,
        now=now,
    )
    if user is None:
        return None

    # 3. Nobody ended the grant that it comes from; what is made of it hangs on that as well.
    if not await is_still_granted(
        provider.db, tenant_id=request.edge.tenant_id, token=token, now=now
    ):
        return None
    return Subject(
        user_id=user.id,
        scope=token.scope,
        audience=token.aud,
        expires_at=datetime.fromtimestamp(token.exp, UTC),
        authenticated_at=_moment(token.auth_time),
        context=TokenContext(acr=token.acr, amr=token.amr, cnf=token.cnf, act=token.act),
        grant_id=token.grant_id,
    )


async def _is_trusted(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, client_id: str
) -> bool:
    """Tell whether a token's client is still there and our own: a person who lets a third party
    do something has not let everybody do everything."""
    client = await find_client_at(
        snapshot, client_id, edge=request.edge, documents=provider.documents
    )
    return client is not None and not client.is_third_party


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
