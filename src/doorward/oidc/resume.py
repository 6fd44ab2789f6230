"""OpenID Connect Core section 3.1.2.5: /oidc/auth/{uid}, where a finished sign-in comes back.

The browser proves by its signed cookie that the sign-in began here; the interaction is consumed
once; the session begins; the client gets its code.
"""

from __future__ import annotations

from doorward.audit.store import record
from doorward.interactions.cookie import (
    interaction_cookie,
    read_interactions,
    without_interaction,
)
from doorward.interactions.store import CONSENT, CONTINUED, consume_interaction, find_interaction
from doorward.interactions.tables import Interaction
from doorward.kit.edge import Edge
from doorward.oidc.authorization.begin_session import begin_session
from doorward.oidc.authorization.codes import issue_answer, prepare_answer
from doorward.oidc.authorization.consent import (
    ask_consent,
    missing_consent,
    resume_consent,
    with_consent,
)
from doorward.oidc.authorization.page_url import page_url, select_account_url
from doorward.oidc.authorization.prompts import check_continued, check_outcome
from doorward.oidc.authorization.request import (
    find_redirect_target,
    parse_request,
)
from doorward.oidc.authorization.response import answer_client, answer_error
from doorward.oidc.authorization.source import consume_source, drop_source, restored_source
from doorward.oidc.device.sign_in import USER_CODE, resume_at_device
from doorward.oidc.errors import AccessDenied, OAuthError, SessionNotFound
from doorward.oidc.logout.session_state import browser_state_cookie
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.oidc.session_cookie import find_current_session, session_cookie
from doorward.sessions.config import current_lifetime
from doorward.users.store import find_user

PREFIX = "/oidc/auth/"


async def resume(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Finish an authorization request after the person has signed in."""
    edge, clock = request.edge, provider.clock
    uid = request.path.removeprefix(PREFIX)

    # 1. Only the browser that began may finish: its cookie lists the uid under our signature.
    entries = read_interactions(request.headers, edge=edge, sealer=provider.sealer)
    if uid not in entries.values():
        raise SessionNotFound("interaction session not found")
    interaction = await find_interaction(
        provider.db, tenant_id=edge.tenant_id, uid=uid, now=clock.now()
    )
    if interaction is None:
        raise SessionNotFound("authorization request has expired")
    if interaction.event == CONSENT:
        return await resume_consent(
            request, provider, interaction=interaction, uid=uid, entries=entries
        )

    # 2. Whoever comes too early goes back to the page.
    user_id, authenticated_at = interaction.user_id, interaction.authenticated_at
    if user_id is None or authenticated_at is None:
        return redirect(_page_of(interaction))

    # 3. A device waits for its person: there is no client to answer here.
    if USER_CODE in interaction.params:
        return await resume_at_device(
            request,
            provider,
            interaction=interaction,
            uid=uid,
            user_id=user_id,
            authenticated_at=authenticated_at,
        )

    # 4. The request once more: client, redirect URI or resource may have changed meanwhile.
    snapshot = await provider.snapshots.current(edge.tenant_id)
    source = restored_source(interaction.params)
    target = await find_redirect_target(
        snapshot, source.params, edge=edge, documents=provider.documents
    )
    entries = without_interaction(entries, uid=uid)
    cookie = interaction_cookie(entries, edge=edge, sealer=provider.sealer)
    known = await find_current_session(provider.db, request, clock=clock)
    try:
        parsed = await parse_request(
            snapshot, source.params, target=target, edge=edge, sealer=provider.sealer
        )
        await _check_user(provider, edge, user_id=user_id)
        check_outcome(parsed, user_id=user_id, amr=interaction.amr or [])
        if interaction.event == CONTINUED:
            check_continued(parsed, known, interaction=interaction, now=clock.now())
        missing = await missing_consent(
            provider.db, snapshot, client=target.client, user_id=user_id, request=parsed
        )
        if missing is None:
            parsed = await with_consent(provider.db, snapshot, request=parsed, user_id=user_id)
        await prepare_answer(provider, snapshot, request=parsed)
    except OAuthError as error:
        await drop_source(provider, tenant_id=edge.tenant_id, source=source)
        answer = await answer_error(provider, snapshot, request, target=target, error=error)
        return answer.with_cookies(cookie)

    # 5. Consume the interaction, begin the session and give the answer, or ask for consent first:
    #    all or nothing, and once.
    lifetime, now = await current_lifetime(snapshot), clock.now()
    async with provider.db.transaction(edge.tenant_id) as tx:
        if not await consume_interaction(tx, tenant_id=edge.tenant_id, interaction=interaction):
            raise SessionNotFound("authorization request has expired")
        if interaction.event == CONTINUED and known is not None:
            # Nobody signed in anew, so the session is neither renewed nor made to last longer.
            session, cookies = known, []
        else:
            token, session = await begin_session(
                tx,
                edge,
                known=known,
                user_id=user_id,
                authenticated_at=authenticated_at,
                amr=interaction.amr or [],
                lifetime=lifetime,
                now=now,
            )
            cookies = [session_cookie(token, session, edge=edge, now=now)]
        if missing is not None:
            answer = await ask_consent(
                tx,
                request,
                provider,
                source=source,
                parsed=parsed,
                session=session,
                entries=entries,
            )
            return answer.with_cookies(*cookies)
        await consume_source(tx, tenant_id=edge.tenant_id, source=source, now=clock.now())
        fields = await issue_answer(
            tx,
            provider,
            snapshot,
            edge=edge,
            request=parsed,
            session=session,
            now=clock.now(),
        )
        await record(
            tx,
            tenant_id=edge.tenant_id,
            key="Interaction.End",
            edge=edge,
            at=clock.now(),
            user_id=session.user_id,
            application_id=target.client.id,
            session_id=session.id,
        )
    answer = await answer_client(provider, snapshot, request, target=target, fields=fields)
    state = browser_state_cookie(session, edge=edge, sealer=provider.sealer, now=clock.now())
    return answer.with_cookies(cookie, *cookies, state)


def _page_of(interaction: Interaction) -> str:
    prompts = str(interaction.params.get("prompt", "")).split()
    if interaction.session_id is not None and "select_account" in prompts:
        return select_account_url(interaction.params)
    return page_url(interaction.params)


async def _check_user(provider: Provider, edge: Edge, *, user_id: str) -> None:
    user = await find_user(provider.db, tenant_id=edge.tenant_id, user_id=user_id)
    if user is None or user.is_suspended:
        raise AccessDenied("the account cannot be used", detail=user_id)
