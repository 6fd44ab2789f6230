"""OpenID Connect Core section 3.1.2: the authorization endpoint, GET and POST /oidc/auth.

request, plain or pushed ─► client, redirect URI ─► the rest ─┬─► session is good enough ─► code
                                                              └─► interaction ─► 303 to `sign_in`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doorward.interactions.cookie import read_interactions
from doorward.oidc.authorization.begin_interaction import begin_interaction
from doorward.oidc.authorization.codes import issue_answer, prepare_answer
from doorward.oidc.authorization.consent import ask_consent, missing_consent, with_consent
from doorward.oidc.authorization.page_url import page_url, select_account_url
from doorward.oidc.authorization.prompts import check_silent, why_sign_in
from doorward.oidc.authorization.request import (
    AuthorizationRequest,
    RedirectTarget,
    find_redirect_target,
    parse_request,
    stored_params,
)
from doorward.oidc.authorization.response import answer_client, answer_error
from doorward.oidc.authorization.source import (
    PUSHED_URI,
    RequestSource,
    check_source,
    consume_source,
    drop_source,
    find_source,
)
from doorward.oidc.errors import (
    ConsentRequired,
    InvalidRequestObject,
    InvalidRequestUri,
    OAuthError,
)
from doorward.oidc.logout.session_state import browser_state_cookie
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse
from doorward.oidc.session_cookie import dead_session_cookies, find_current_session
from doorward.oidc.strangers import charge
from doorward.sessions.tables import Session
from doorward.storage import Snapshot
from doorward.tenants.request_policy import current_policy


async def authorize(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Answer an authorization request, or send the person to sign in first."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)

    # 1. What is asked: here, in what the client pushed before, or in what it signed.
    try:
        source = await find_source(request, provider, snapshot)
    except (InvalidRequestObject, InvalidRequestUri) as error:
        return await _refuse_reference(request, provider, snapshot, error=error)
    params = source.params

    # 2. Verify who asks and where an answer may go; nothing redirects before.
    target = await find_redirect_target(
        snapshot, params, edge=request.edge, documents=provider.documents
    )

    # 3. Whatever is wrong from here on, the client is told.
    session = await find_current_session(provider.db, request, clock=provider.clock)
    try:
        check_source(source, target.client, policy=await current_policy(snapshot))
        parsed = await parse_request(
            snapshot, params, target=target, edge=request.edge, sealer=provider.sealer
        )
        reason = why_sign_in(parsed, session, now=provider.clock.now())

        # 4. OpenID Connect Core section 3.1.2.1: prompt=none shows no page.
        if "none" in parsed.prompts:
            check_silent(parsed, reason)

        # 5. Sign in first, if the session is not good enough, or let the person choose.
        if session is None or reason is not None:
            return await _begin_interaction(
                request, provider, target=target, source=source, session=session, page=page_url
            )
        if "select_account" in parsed.prompts:
            return await _begin_interaction(
                request,
                provider,
                target=target,
                source=source,
                session=session,
                page=select_account_url,
            )

        # 6. OpenID Connect Core section 3.1.2.4: what a third party asks for, the user allows.
        missing = await missing_consent(
            provider.db, snapshot, client=target.client, user_id=session.user_id, request=parsed
        )
        if missing is not None:
            if "none" in parsed.prompts:
                raise ConsentRequired("requested scopes not granted")
            return await _ask_consent(
                request, provider, source=source, parsed=parsed, session=session
            )
        parsed = await with_consent(provider.db, snapshot, request=parsed, user_id=session.user_id)
        await prepare_answer(provider, snapshot, request=parsed)
    except InvalidRequestUri:
        # Answered meanwhile: what comes second is not told to the client as an answer.
        raise
    except OAuthError as error:
        await drop_source(provider, tenant_id=request.edge.tenant_id, source=source)
        answer = await answer_error(provider, snapshot, request, target=target, error=error)
        return (
            answer if session is not None else answer.with_cookies(*dead_session_cookies(request))
        )

    # 7. The answer stands for all of that.
    return await _answer(request, provider, snapshot, source=source, parsed=parsed, session=session)


async def _refuse_reference(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, *, error: OAuthError
) -> OidcResponse:
    """Tell the client that its request object is wrong (RFC 9101 section 7), where the plain
    parameters beside it name an address that is good by itself; else show it here."""
    plain = request.params
    is_pushed = (plain.get("request_uri") or "").startswith(PUSHED_URI)
    if is_pushed or plain.get("redirect_uri") is None:
        raise error
    target = await find_redirect_target(
        snapshot, plain, edge=request.edge, documents=provider.documents
    )
    return await answer_error(provider, snapshot, request, target=target, error=error)


async def _begin_interaction(
    request: OidcRequest,
    provider: Provider,
    *,
    target: RedirectTarget,
    source: RequestSource,
    session: Session | None,
    page: Callable[[dict[str, Any]], str],
) -> OidcResponse:
    charge(provider, request.edge, stored_params(source.params), session=session)
    entries = read_interactions(request.headers, edge=request.edge, sealer=provider.sealer)
    async with provider.db.transaction(request.edge.tenant_id) as tx:
        return await begin_interaction(
            tx,
            request,
            provider,
            client_id=target.client.id,
            source=source,
            session=session,
            entries=entries,
            page=page,
        )


async def _ask_consent(
    request: OidcRequest,
    provider: Provider,
    *,
    source: RequestSource,
    parsed: AuthorizationRequest,
    session: Session,
) -> OidcResponse:
    entries = read_interactions(request.headers, edge=request.edge, sealer=provider.sealer)
    charge(provider, request.edge, stored_params(source.params), session=session)
    async with provider.db.transaction(request.edge.tenant_id) as tx:
        return await ask_consent(
            tx, request, provider, source=source, parsed=parsed, session=session, entries=entries
        )


async def _answer(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    *,
    source: RequestSource,
    parsed: AuthorizationRequest,
    session: Session,
) -> OidcResponse:
    tenant_id, now = request.edge.tenant_id, provider.clock.now()
    async with provider.db.transaction(tenant_id) as tx:
        await consume_source(tx, tenant_id=tenant_id, source=source, now=now)
        fields = await issue_answer(
            tx,
            provider,
            snapshot,
            edge=request.edge,
            request=parsed,
            session=session,
            now=now,
        )
    answer = await answer_client(provider, snapshot, request, target=parsed.target, fields=fields)
    return answer.with_cookies(
        browser_state_cookie(session, edge=request.edge, sealer=provider.sealer, now=now)
    )
