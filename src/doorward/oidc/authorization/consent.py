"""OpenID Connect Core section 3.1.2.4: a user's consent to what a third party's application asks.

    session is good ─► missing_consent ─┬─► nothing ─► with_consent ─► code
                                        └─► ask_consent ─► 303 /consent ─► /oidc/auth/{uid}
                                                                            └─► resume_consent
The applications of the tenant itself need none. What was allowed goes with the code into every
token: a scope that the user gets later, or that was never on the page, is not in them.
"""

from __future__ import annotations

from datetime import datetime

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.consents.asked import Asked, find_asked, find_missing, is_asked_anew
from doorward.consents.store import find_consent
from doorward.interactions.cookie import (
    Entries,
    interaction_cookie,
    with_interaction,
    without_interaction,
)
from doorward.interactions.store import add_consent_interaction, consume_interaction
from doorward.interactions.tables import Interaction
from doorward.oidc.authorization.begin_interaction import begin_interaction
from doorward.oidc.authorization.codes import issue_answer, prepare_answer
from doorward.oidc.authorization.page_url import consent_url
from doorward.oidc.authorization.prompts import check_outcome
from doorward.oidc.authorization.request import (
    AuthorizationRequest,
    find_redirect_target,
    parse_request,
    stored_params,
)
from doorward.oidc.authorization.response import answer_client, answer_error
from doorward.oidc.authorization.source import (
    RequestSource,
    consume_source,
    drop_source,
    hold_source,
    restored_source,
)
from doorward.oidc.authorization.step_up import find_api_demand, is_too_old
from doorward.oidc.errors import AccessDenied, LoginRequired, OAuthError, SessionNotFound
from doorward.oidc.logout.session_state import browser_state_cookie
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.oidc.session_cookie import find_current_session
from doorward.sessions.tables import Session
from doorward.storage import Executor, Snapshot, Transaction


async def missing_consent(
    db: Executor,
    snapshot: Snapshot,
    *,
    client: Client,
    user_id: str,
    request: AuthorizationRequest,
) -> Asked | None:
    """Return what the user must be asked before `request` is answered; None for nothing."""
    if not client.is_third_party:
        return None
    return await find_missing(
        db,
        tenant_id=snapshot.tenant_id,
        client_id=client.id,
        user_id=user_id,
        asked=await _find_asked(db, snapshot, request=request, user_id=user_id),
        is_all_asked=is_asked_anew(
            prompts=request.prompts,
            is_unproven=client.is_unproven,
            has_details=request.authorization_details is not None,
        ),
    )


async def with_consent(
    db: Executor, snapshot: Snapshot, *, request: AuthorizationRequest, user_id: str
) -> AuthorizationRequest:
    """Return the request narrowed to what the user has allowed.

    Raises:
        AccessDenied: they have allowed nothing, or taken it back.
    """
    client = request.target.client
    if not client.is_third_party:
        return request
    consent = await find_consent(
        db, tenant_id=snapshot.tenant_id, user_id=user_id, client_id=client.id
    )
    if consent is None:
        raise AccessDenied("the user has not allowed the access")
    asked = await _find_asked(db, snapshot, request=request, user_id=user_id)
    return request.narrowed(asked.within(consent))


async def ask_consent(
    tx: Transaction,
    request: OidcRequest,
    provider: Provider,
    *,
    source: RequestSource,
    parsed: AuthorizationRequest,
    session: Session,
    entries: Entries,
) -> OidcResponse:
    """Send the person to the page that asks; the request waits as an interaction of their session.

    It is kept with the scopes and resources that it really asks for.
    """
    edge, now = request.edge, provider.clock.now()
    client = parsed.target.client
    params = stored_params(source.params) | {
        "scope": parsed.scope,
        "resource": list(parsed.resources),
    }
    await hold_source(tx, tenant_id=edge.tenant_id, source=source, now=now)
    uid = await add_consent_interaction(
        tx,
        tenant_id=edge.tenant_id,
        client_id=client.id,
        params=source.stored(params),
        user_id=session.user_id,
        authenticated_at=session.authenticated_at,
        session_id=session.id,
        now=now,
    )
    entries = with_interaction(entries, client_id=client.id, uid=uid)
    cookie = interaction_cookie(entries, edge=edge, sealer=provider.sealer)
    return redirect(consent_url(params)).with_cookies(cookie)


async def resume_consent(
    request: OidcRequest,
    provider: Provider,
    *,
    interaction: Interaction,
    uid: str,
    entries: Entries,
) -> OidcResponse:
    """Finish an authorization request after the person has answered the consent page.

    `resume` has checked that this browser was asked.
    """
    edge, now = request.edge, provider.clock.now()
    tenant_id = edge.tenant_id

    # 1. Whoever comes too early goes back to the page.
    is_allowed = interaction.state.get("isAllowed")
    if is_allowed is None:
        return redirect(consent_url(interaction.params))

    # 2. The request once more: client, redirect URI or ceiling may have changed meanwhile.
    snapshot = await provider.snapshots.current(tenant_id)
    source = restored_source(interaction.params)
    target = await find_redirect_target(
        snapshot, source.params, edge=edge, documents=provider.documents
    )
    cookie = interaction_cookie(
        without_interaction(entries, uid=uid), edge=edge, sealer=provider.sealer
    )
    session = await find_current_session(provider.db, request, clock=provider.clock)
    try:
        parsed = await parse_request(
            snapshot, source.params, target=target, edge=edge, sealer=provider.sealer
        )
        # 3. Whoever was asked is still signed in: an answer does not bring a session back.
        if session is None or session.id != interaction.session_id:
            raise LoginRequired("the session in which consent was asked for has ended")
        if session.user_id != interaction.user_id:
            raise LoginRequired("another user has signed in")
        # RFC 9470 section 5: nor may they have signed in more weakly since, in another tab.
        check_outcome(parsed, user_id=session.user_id, amr=session.amr)
        if is_allowed:
            parsed = await with_consent(
                provider.db, snapshot, request=parsed, user_id=session.user_id
            )
            await prepare_answer(provider, snapshot, request=parsed)
    except OAuthError as error:
        await drop_source(provider, tenant_id=tenant_id, source=source)
        answer = await answer_error(provider, snapshot, request, target=target, error=error)
        return answer.with_cookies(cookie)

    # 4. RFC 9470 section 4.1: where the page lay open for longer than an API lets a sign-in be old,
    #    the person signs in once more. What they allowed is remembered.
    demanded = await find_api_demand(snapshot, parsed.resources)
    if is_allowed and is_too_old(session.authenticated_at, ages=(demanded.max_age,), now=now):
        async with provider.db.transaction(tenant_id) as tx:
            if not await consume_interaction(tx, tenant_id=tenant_id, interaction=interaction):
                raise SessionNotFound("authorization request has expired")
            return await begin_interaction(
                tx,
                request,
                provider,
                client_id=target.client.id,
                source=source,
                session=session,
                entries=without_interaction(entries, uid=uid),
            )

    # 5. Consume the interaction, and give the answer if they said yes: once.
    fields: dict[str, str] = {}
    async with provider.db.transaction(tenant_id) as tx:
        if not await consume_interaction(tx, tenant_id=tenant_id, interaction=interaction):
            raise SessionNotFound("authorization request has expired")
        await consume_source(tx, tenant_id=tenant_id, source=source, now=now)
        if is_allowed:
            fields = await issue_answer(
                tx,
                provider,
                snapshot,
                edge=edge,
                request=parsed,
                session=session,
                now=now,
            )
        await _record_answer(tx, request, parsed, session=session, is_allowed=is_allowed, at=now)

    # 6. RFC 6749 section 4.1.2.1: a refusal is access_denied.
    if not is_allowed:
        refusal = AccessDenied("the user did not allow the access")
        answer = await answer_error(provider, snapshot, request, target=target, error=refusal)
    else:
        answer = await answer_client(provider, snapshot, request, target=target, fields=fields)
    state = browser_state_cookie(session, edge=edge, sealer=provider.sealer, now=now)
    return answer.with_cookies(cookie, state)


async def _find_asked(
    db: Executor, snapshot: Snapshot, *, request: AuthorizationRequest, user_id: str
) -> Asked:
    return await find_asked(
        db,
        snapshot,
        client_id=request.target.client.id,
        user_id=user_id,
        scope=request.scope,
        resources=request.resources,
    )


async def _record_answer(
    tx: Transaction,
    request: OidcRequest,
    parsed: AuthorizationRequest,
    *,
    session: Session,
    is_allowed: bool,
    at: datetime,
) -> None:
    await record(
        tx,
        tenant_id=request.edge.tenant_id,
        key="Interaction.End",
        edge=request.edge,
        at=at,
        user_id=session.user_id,
        application_id=parsed.target.client.id,
        session_id=session.id,
        params={"prompt": "consent", "isAllowed": is_allowed, "scope": parsed.scope},
    )
