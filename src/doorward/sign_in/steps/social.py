"""To a provider and back.

    button, /direct/social/{target} ─► begin: record with the hash of a state ─► provider
    provider ─► /callback/{connector_id} ─► 1. whose answer is it   state, connector, this browser
                                            2. spend the state      once, before it is looked at
                                            3. code for a person    connector.fetch_identity
                                            4. an account of theirs, a link to offer, or a new one

Experience: POST verification/social/{connectorId}/authorization-uri and .../verify.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from msgspec import UNSET, Meta, UnsetType

from doorward.connectors.cached import (
    ConfiguredConnector,
    callback_url,
    find_social_connector,
    find_social_connector_by_id,
)
from doorward.connectors.errors import ConnectorError, ConnectorFault
from doorward.connectors.protocol import SocialIdentity
from doorward.errors import RequestError
from doorward.interactions.cookie import read_interactions, select_uid
from doorward.kit.crypto import Sealer, hash_token
from doorward.kit.edge import Edge
from doorward.kit.http_client import HttpClient
from doorward.kit.ids import new_token
from doorward.management.body import Body, View, or_default
from doorward.management.errors import refusals
from doorward.sign_in.errors import error_page
from doorward.sign_in.hosted import MAX_FORM_SIZE, HostedPage, UseForm, UsePage, provide_page
from doorward.sign_in.identification import collect_profile, identify, offer_link
from doorward.sign_in.proceed import REGISTER, SIGN_IN, proceed, see_other
from doorward.sign_in.state import FlowState, InteractionEvent, SocialPerson, SocialRecord
from doorward.sign_in.steps.password import VerificationView
from doorward.sign_in.surface import Surface, UseSurface
from doorward.sign_in.visit import UseVisit, Visit, check_started, find_visit, save
from doorward.storage import Database

AnyRequest = Request[Any, Any, Any]
log = logging.getLogger(__name__)

_MAX_CALLBACK = 8192
_NAME_LENGTH = 128
_AVATAR_LENGTH = 2048
_EMAIL_LENGTH = 128
_FALLBACKS = {"sign-in": SIGN_IN, "register": REGISTER}
_REASONS = {
    ConnectorFault.AUTHORIZATION_FAILED: "unauthorized",
    ConnectorFault.INVALID_CONFIG: "credentials",
    ConnectorFault.SOCIAL_AUTH_CODE_INVALID: "expired",
    ConnectorFault.SOCIAL_INVALID_ACCESS_TOKEN: "unauthorized",
    ConnectorFault.RATE_LIMIT_EXCEEDED: "rate_limited",
    ConnectorFault.INSUFFICIENT_REQUEST_PARAMETERS: "state",
}


def begin(
    visit: Visit, connector: ConfiguredConnector, *, state: str, redirect_uri: str
) -> tuple[SocialRecord, str]:
    """Return the record of a visit that begins at a provider, and the address to go to.

    Raises:
        ConnectorError: INVALID_CONFIG.
    """
    record = SocialRecord(
        connector_id=connector.id,
        target=connector.target,
        redirect_uri=redirect_uri,
        state_hash=hash_token(state),
    )
    address = connector.connector.authorization_uri(
        connector.config, state=state, redirect_uri=redirect_uri
    )
    return record, address


async def fetch_person(
    connector: ConfiguredConnector,
    record: SocialRecord,
    params: dict[str, str],
    *,
    http: HttpClient,
) -> SocialRecord:
    """Return the record with who came back.

    Raises:
        ConnectorError: what the provider refused, or that it is away.
    """
    identity = await connector.connector.fetch_identity(
        connector.config, http=http, params=params, redirect_uri=record.redirect_uri
    )
    return msgspec.structs.replace(record, person=_person(identity))


async def settle(visit: Visit, record: SocialRecord, *, db: Database, sealer: Sealer) -> FlowState:
    """Return the state after a person came back: an account of theirs, a link to offer, or what a
    new account is to have.

    Raises:
        RequestError: 403 auth.forbidden, 401 user.suspended, or 404 user.identity_not_exist when
            the person is new and no account may be made.
    """
    # 1. Whoever has signed in with this identity before is that user, whichever door they took.
    experience = visit.experience
    linking = experience.social_sign_in.automatic_account_linking
    state = FlowState(event=InteractionEvent.SIGN_IN).with_record(record)
    visit = msgspec.structs.replace(visit, state=state)
    try:
        return await identify(visit, verification_id=record.id, link=linking, db=db, sealer=sealer)
    except RequestError as error:
        is_new = error.code in {"user.identity_not_exist", "auth.forbidden"}
        if not is_new or (error.code == "auth.forbidden" and not experience.allows_registration):
            raise
        unknown = error

    # 2. An account has their address: ask, never link in silence.
    if experience.allows_sign_in:
        offered = await offer_link(visit, record, db=db)
        if offered is not None:
            return offered

    # 3. A new account, if any may be made.
    if not experience.allows_registration:
        raise unknown
    return await register_with(visit, record, db=db)


async def register_with(visit: Visit, record: SocialRecord, *, db: Database) -> FlowState:
    """Return the state of a new account that a provider's person is to have."""
    state = FlowState(event=InteractionEvent.REGISTER).with_record(record)
    visit = msgspec.structs.replace(visit, state=state)
    return await collect_profile(visit, verification_id=record.id, db=db)


@post([f"{SIGN_IN}/social", f"{REGISTER}/social"], status_code=303, include_in_schema=False)
async def leave(
    form: UseForm, visit: UseVisit, page: UsePage, surface: UseSurface
) -> Response[Any]:
    """Go to the provider whose button was pressed."""
    sealer = surface.sealer
    connector_id = form.get("connector_id", "")
    if connector_id not in {button.id for button in page.social}:
        raise RequestError("session.verification_failed", detail="no such button")
    connector = await find_social_connector_by_id(visit.snapshot, connector_id, sealer=sealer)
    return await _leave(visit, page, connector, db=surface.db)


@get("/direct/{method:str}/{target:str}", include_in_schema=False)
async def leave_directly(
    method: str,
    target: str,
    request: AnyRequest,
    visit: UseVisit,
    page: UsePage,
    surface: UseSurface,
) -> Response[Any]:
    """Go to the provider that the application named (direct_sign_in), or to the first page when
    there is none such: another target, or a method (`sso`) that this server does not have."""
    sealer = surface.sealer
    connector = None
    is_offered = target in visit.experience.social_sign_in_connector_targets
    if method == "social" and is_offered:
        connector = await find_social_connector(visit.snapshot, target, sealer=sealer)
    if connector is None:
        fallback = request.query_params.get("fallback", "")
        return see_other(page.url(_FALLBACKS.get(fallback, SIGN_IN)))
    return await _leave(visit, page, connector, db=surface.db)


@get("/callback/{connector_id:str}", include_in_schema=False)
async def come_back(connector_id: str, request: AnyRequest, surface: UseSurface) -> Response[Any]:
    """Take the answer of a provider."""
    db, sealer = surface.db, surface.sealer
    # 1. Whose answer is it? The state must be one that THIS browser was sent away with, to this
    #    connector (RFC 6749 section 10.12); an attacker's own answer finds nothing here.
    params = {name: value for name, value in request.query_params.items() if "\0" not in value}
    visit = await _find_visit_of_state(
        params.pop("state", ""), connector_id, request=request, surface=surface
    )
    if visit is None:
        return await _not_asked_for(request, surface)
    request.scope["state"]["visit"] = visit
    page = await provide_page(request, visit, surface)
    page = msgspec.structs.replace(page, query={"app_id": visit.interaction.client_id})
    connector = await find_social_connector_by_id(visit.snapshot, connector_id, sealer=sealer)
    record = visit.state.find_record(SocialRecord)
    if connector is None or record is None:
        return error_page(request, reason="expired", status=400, back_url=page.url(SIGN_IN))

    # 2. Spend the state before the answer is looked at: of two that arrive at once, one is heard.
    spent = msgspec.structs.replace(record, state_hash=None)
    visit = await _saved(visit, visit.state.with_record(spent), db=db)

    # 3. Who is it? 4. And which account is theirs?
    try:
        proven = await fetch_person(connector, spent, params, http=surface.http)
        state = await settle(visit, proven, db=db, sealer=sealer)
        return await proceed(visit, state, page=page, db=db)
    except RequestError as error:
        return _refused(error, page, connector)


@post("/callback/{connector_id:str}", status_code=303, include_in_schema=False)
async def come_back_by_post(connector_id: str, request: AnyRequest) -> Response[Any]:
    """Take the answer of a provider that posts a form, and ask the browser to bring it by GET.

    A cross-site POST carries no SameSite=Lax cookie; the redirected GET does, and only with the
    cookie does the answer count.
    """
    body = (await request.body())[:MAX_FORM_SIZE]
    form = await request.form() if len(body) <= _MAX_CALLBACK else {}
    pairs = [(name, value) for name, value in form.items() if isinstance(value, str)]
    return see_other(f"/callback/{connector_id}?{urlencode(pairs)}")


class AuthorizationBody(Body):
    """What a page of one's own sends a person to a provider with."""

    state: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET
    redirect_uri: Annotated[str, Meta(max_length=2048)] | UnsetType = UNSET
    scope: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET


class AuthorizationView(View):
    """Where to go."""

    authorization_uri: str
    verification_id: str


class SocialAnswerBody(Body):
    """What the provider answered: the parameters of the callback."""

    connector_data: dict[str, Any]
    verification_id: str | UnsetType = UNSET


@post(
    "/api/experience/verification/social/{connector_id:str}/authorization-uri",
    status_code=200,
    tags=["Experience"],
)
async def authorize(
    connector_id: str, data: AuthorizationBody, visit: UseVisit, surface: UseSurface
) -> AuthorizationView:
    """Begin a visit at a provider."""
    check_started(visit)
    db = surface.db
    connector = await _get_connector(visit, connector_id, sealer=surface.sealer)
    state, redirect_uri = or_default(data.state, ""), or_default(data.redirect_uri, "")
    if not state or not redirect_uri:
        raise RequestError("session.insufficient_info")
    record, address = begin(visit, connector, state=state, redirect_uri=redirect_uri)
    async with db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, visit.state.with_record(record))
    return AuthorizationView(authorization_uri=address, verification_id=record.id)


@post(
    "/api/experience/verification/social/{connector_id:str}/verify",
    status_code=200,
    tags=["Experience"],
    responses=refusals({429: "The provider has been asked too often; try again later."}),
)
async def verify(
    connector_id: str, data: SocialAnswerBody, visit: UseVisit, surface: UseSurface
) -> VerificationView:
    """Take the answer of a provider."""
    db = surface.db
    # 1. It must answer a visit that began in this interaction, at this connector.
    check_started(visit)
    record = visit.state.find_record(SocialRecord)
    is_named = data.verification_id in {UNSET, record.id if record else None}
    if record is None or not is_named or record.connector_id != connector_id:
        raise RequestError("session.verification_session_not_found", status=404)
    connector = await _get_connector(visit, connector_id, sealer=surface.sealer)
    params = {name: value for name, value in data.connector_data.items() if isinstance(value, str)}
    state = params.pop("state", None)
    if record.state_hash is None or (state is not None and hash_token(state) != record.state_hash):
        raise RequestError("session.connector_validation_session_not_found")

    # 2. Who is it? The answer counts once, whatever comes of it.
    spent = msgspec.structs.replace(record, state_hash=None)
    visit = await _saved(visit, visit.state.with_record(spent), db=db)
    proven = await fetch_person(connector, spent, params, http=surface.http)
    await _saved(visit, visit.state.with_record(proven), db=db)
    return VerificationView(verification_id=proven.id)


async def _leave(
    visit: Visit, page: HostedPage, connector: ConfiguredConnector | None, *, db: Database
) -> Response[Any]:
    if connector is None:
        raise RequestError("session.verification_failed", detail="the connector is gone")
    redirect_uri = callback_url(visit.edge.endpoint, connector.id)
    try:
        record, address = begin(visit, connector, state=new_token(), redirect_uri=redirect_uri)
    except ConnectorError as error:
        return _refused(error, page, connector)
    state = FlowState(event=InteractionEvent.SIGN_IN).with_record(record)
    async with db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, state)
    return see_other(address)


async def _find_visit_of_state(
    state: str,
    connector_id: str,
    *,
    request: AnyRequest,
    surface: Surface,
) -> Visit | None:
    """Return the sign-in of this browser that waits for the answer with this state."""
    expected = hash_token(state)
    edge: Edge = request.scope["state"]["edge"]
    entries = read_interactions(request.scope["headers"], edge=edge, sealer=surface.sealer)
    for uid in set(entries.values()):
        visit = await find_visit(uid, edge=edge, surface=surface)
        record = visit.state.find_record(SocialRecord) if visit is not None else None
        if record is None or record.state_hash != expected:
            continue
        # An answer of one provider is no answer of another (mix-up, RFC 9700 section 4.4).
        return visit if record.connector_id == connector_id else None
    return None


async def _not_asked_for(request: AnyRequest, surface: Surface) -> Response[Any]:
    """Return the page of an answer that nobody here waits for, with a way back to what is open."""
    edge: Edge = request.scope["state"]["edge"]
    entries = read_interactions(request.scope["headers"], edge=edge, sealer=surface.sealer)
    uid = select_uid(entries, app_id=None)
    visit = await find_visit(uid, edge=edge, surface=surface)
    if visit is not None:
        request.scope["state"]["visit"] = visit
    return error_page(request, reason="expired", status=400)


def _refused(
    error: RequestError, page: HostedPage, connector: ConfiguredConnector
) -> Response[Any]:
    """Return the page that says what went wrong with a provider, with a way back."""
    retry_after = None
    if isinstance(error, ConnectorError):
        retry_after = error.retry_after
        reason = "denied" if error.is_denied else _REASONS.get(error.fault, "unavailable")
    elif error.code == "user.missing_profile":
        reason = "no_email"
    elif error.code in {"user.identity_not_exist", "user.identity_already_in_use"}:
        reason = "in_use"
    else:
        raise error
    if error.detail:
        log.info("a provider refused", extra={"connector": connector.id, "reason": error.detail})
    return page.respond(
        "social_error.html",
        status=400,
        reason=reason,
        connector_name=connector.name,
        retry_after=retry_after,
        back_url=page.url(SIGN_IN if page.experience.allows_sign_in else REGISTER),
        details=None,
    )


async def _get_connector(visit: Visit, connector_id: str, *, sealer: Sealer) -> ConfiguredConnector:
    """Return a connector that the tenant offers."""
    offered = visit.experience.social_sign_in_connector_targets
    connector = await find_social_connector_by_id(visit.snapshot, connector_id, sealer=sealer)
    if connector is None or connector.target not in offered:
        raise RequestError(
            "entity.not_exists_with_id",
            status=404,
            interpolation={"name": "connectors", "id": connector_id},
        )
    return connector


async def _saved(visit: Visit, state: FlowState, *, db: Database) -> Visit:
    """Store the state and return the visit as it goes on: the stored version has moved."""
    async with db.transaction(visit.tenant_id) as tx:
        await save(tx, visit, state)
    interaction = msgspec.structs.replace(visit.interaction, version=visit.interaction.version + 1)
    return msgspec.structs.replace(visit, interaction=interaction, state=state)


def _person(identity: SocialIdentity) -> SocialPerson:
    """Return who a provider says it is, cut to what an account can hold."""
    email = identity.verified_email
    avatar = identity.avatar
    return SocialPerson(
        id=identity.id,
        name=identity.name[:_NAME_LENGTH] if identity.name else None,
        avatar=avatar if avatar and len(avatar) <= _AVATAR_LENGTH else None,
        email=email if email and len(email) <= _EMAIL_LENGTH else None,
        raw=identity.raw,
    )
