"""RFC 8628 section 3.3: the pages where a person lets a device in, /device (or /oidc/device).

    GET /device ─► enter a code ─► GET /device?user_code= ─┬─► not signed in: interaction, and back
                                                           └─► page that asks ─► POST /device
                                                                ├─► approve ─► /device/success
                                                                ├─► refuse  ─► /device/success
                                                                └─► another account: interaction

Looking a code up changes nothing but the count of wrong ones. The page that asks always comes, also
behind a link that holds the code (section 5.4: a stranger may have sent it), and shows the code to
compare. Its form is signed over session, code and what is asked, so that no other session, no other
code and no other site can answer in its place.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorward.applications.cached import Client
from doorward.applications.types import DEVICE_CODE
from doorward.audit.store import record
from doorward.consents.asked import Asked, remember
from doorward.device_codes.store import approve_code, find_waiting_code, refuse_code
from doorward.device_codes.tables import DeviceCode
from doorward.device_codes.user_codes import parse_user_code
from doorward.errors import RequestError
from doorward.kit.addresses import network_of
from doorward.oidc.authorization.step_up import (
    JUST_NOW,
    ApiDemand,
    find_api_demand,
    is_too_old,
)
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.device.consent import describe, digest_of, what_is_asked
from doorward.oidc.device.sign_in import send_to_sign_in
from doorward.oidc.errors import InvalidRequest, SessionNotFound
from doorward.oidc.html_pages import in_language, page
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.oidc.session_cookie import find_current_session
from doorward.security.attempts import (
    Action,
    Guess,
    LockoutPolicy,
    check_not_locked,
    guess_of,
    record_failure,
)
from doorward.security.levels import is_at_least, reached_acr
from doorward.sessions.tables import Session
from doorward.storage import Snapshot
from doorward.users.store import find_user
from doorward.users.tables import User

PATH = "/device"
SUCCESS_PATH = "/device/success"
# Section 5.1: with these, a thousand networks that try for a day find one of a hundred waiting
# codes with a probability of 0.2%, and then have only invited a stranger's device into their own
# account.
BY_NETWORK = LockoutPolicy(max_attempts=20, duration=timedelta(minutes=10))
BY_SESSION = LockoutPolicy(max_attempts=10, duration=timedelta(minutes=10))
_PURPOSE = "device"


async def enter_code(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Ask for a code; with one, ask whether its device may come in."""
    edge = request.edge
    snapshot = await provider.snapshots.current(edge.tenant_id)

    # 1. The code. A page of another site that merely loads this address uses up nobody's tries.
    typed = request.params.get("user_code")
    if typed is None or (request.header(b"sec-fetch-dest") or "document") != "document":
        return await _ask_for_code(request, provider, snapshot)
    user_code = parse_user_code(typed)
    if user_code is None:
        return await _ask_for_code(request, provider, snapshot, typed=typed, error="device.wrong")

    # 2. Section 5.1: who tried too often is refused, whatever the code is.
    session = await find_current_session(provider.db, request, clock=provider.clock)
    try:
        await _check_tries(request, provider, session)
    except RequestError as error:
        return await _too_many_tries(request, provider, snapshot, error)

    # 3. Which device waits behind it.
    found = await _find_device(request, provider, snapshot, user_code=user_code)
    if found is None:
        await _count_try(request, provider, session)
        return await _ask_for_code(request, provider, snapshot, typed=typed, error="device.wrong")
    code, client = found

    # 4. Who lets it in, and what it gets.
    demand, now = await find_api_demand(snapshot, code.resources), provider.clock.now()
    if session is not None and _has_signed_in_too_weakly(session, demand, now=now):
        return await _ask_for_code(request, provider, snapshot, error="device.too_weak")
    if session is None or _must_sign_in(session, client, demand, now=now):
        return await send_to_sign_in(
            request, provider, code=code, user_code=user_code, session=session
        )
    return await _ask_to_confirm(
        request, provider, snapshot, code=code, user_code=user_code, client=client, session=session
    )


async def answer_code(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Receive what the person said to the page that asks."""
    edge, params, now = request.edge, request.params, provider.clock.now()
    snapshot = await provider.snapshots.current(edge.tenant_id)

    # 1. The form of this code, made for this session: nobody else can have one.
    session = await find_current_session(provider.db, request, clock=provider.clock)
    if session is None:
        raise SessionNotFound("session not found")
    user_code = parse_user_code(params.get("user_code") or "")
    digest = params.get("asked") or ""
    if user_code is None or not provider.sealer.is_signature(
        params.get("xsrf") or "", f"{session.id}.{user_code}.{digest}", purpose=_PURPOSE
    ):
        raise InvalidRequest("xsrf token invalid")

    # 2. Its device still waits, and the right code was not found by guessing.
    found = None
    try:
        await _check_tries(request, provider, session)
        found = await _find_device(request, provider, snapshot, user_code=user_code)
    except RequestError as error:
        return await _too_many_tries(request, provider, snapshot, error)
    if found is None:
        return await _ask_for_code(request, provider, snapshot, error="device.wrong")
    code, client = found

    # 3. Somebody else wants to let it in, or the page lay open for too long.
    choice = params.get("choice")
    demand = await find_api_demand(snapshot, code.resources)
    if choice == "switch" or _must_sign_in(session, client, demand, now=now):
        return await send_to_sign_in(
            request, provider, code=code, user_code=user_code, session=session
        )

    # 4. What is approved is what the page said; if that has changed, it is said again.
    asked = await what_is_asked(
        snapshot, provider.db, code=code, client=client, user_id=session.user_id
    )
    is_approved = choice == "approve"
    if is_approved and digest != digest_of(asked):
        return await _ask_to_confirm(
            request,
            provider,
            snapshot,
            code=code,
            user_code=user_code,
            client=client,
            session=session,
        )

    # 5. One answer counts.
    counts = await _store_answer(
        request,
        provider,
        code=code,
        client=client,
        session=session,
        asked=asked,
        is_approved=is_approved,
    )
    if not counts:
        return await _ask_for_code(request, provider, snapshot, error="device.wrong")
    outcome = {} if is_approved else {"refused": "yes"}
    return redirect(in_language(SUCCESS_PATH, outcome, ui_locales=params.get("ui_locales")))


async def device_success(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Say how it ended; what remains happens on the device."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)
    outcome = "done" if request.params.get("refused") is None else "refused"
    return await page(
        provider,
        snapshot,
        request,
        "kit/message.html",
        texts={"title": f"device.{outcome}_title", "message": f"device.{outcome}"},
        has_language_menu=True,
        kind="done" if outcome == "done" else "error",
        actions=[],
    )


async def _store_answer(
    request: OidcRequest,
    provider: Provider,
    *,
    code: DeviceCode,
    client: Client,
    session: Session,
    asked: Asked,
    is_approved: bool,
) -> bool:
    """Store a yes or a no; True for the one answer that counts."""
    tenant_id, now = request.edge.tenant_id, provider.clock.now()
    async with provider.db.transaction(tenant_id) as tx:
        if is_approved:
            counts = await approve_code(
                tx,
                tenant_id=tenant_id,
                code=code,
                user_id=session.user_id,
                session_id=session.id,
                authenticated_at=session.authenticated_at,
                amr=session.amr,
                now=now,
            )
        else:
            counts = await refuse_code(tx, tenant_id=tenant_id, code=code, now=now)
        if counts and is_approved and client.is_third_party:
            await remember(
                tx,
                tenant_id=tenant_id,
                client_id=client.id,
                user_id=session.user_id,
                asked=asked,
                now=now,
            )
        if counts:
            await record(
                tx,
                tenant_id=tenant_id,
                key="Interaction.End",
                edge=request.edge,
                at=now,
                result="Success" if is_approved else "Error",
                user_id=session.user_id,
                application_id=client.id,
                session_id=session.id,
                error=None if is_approved else {"code": "oidc.access_denied"},
            )
    return counts


async def _find_device(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, *, user_code: str
) -> tuple[DeviceCode, Client] | None:
    code = await find_waiting_code(
        provider.db,
        tenant_id=request.edge.tenant_id,
        user_code_hash=provider.sealer.lookup_hash(user_code),
        now=provider.clock.now(),
    )
    if code is None:
        return None
    client = await find_client_at(
        snapshot, code.client_id, edge=request.edge, documents=provider.documents
    )
    return (code, client) if client and DEVICE_CODE in client.grant_types else None


def _must_sign_in(session: Session, client: Client, demand: ApiDemand, *, now: datetime) -> bool:
    """Tell whether the application, or an API that its tokens are for, wants its users to have
    signed in more recently than this, or better.

    OpenID Connect Registration section 2, default_max_age; RFC 9470. Whoever has just signed in is
    not asked again, or nobody would ever see the page that asks.
    """
    if _is_too_weak(session, demand):
        return True
    ages = (client.metadata.default_max_age, demand.max_age)
    return is_too_old(session.authenticated_at, ages=ages, now=now)


def _has_signed_in_too_weakly(session: Session, demand: ApiDemand, *, now: datetime) -> bool:
    """Tell whether somebody did sign in a moment ago, and not as demanded: to be told so (RFC 9470
    section 5), and not to be sent there in circles."""
    return _is_too_weak(session, demand) and now - session.authenticated_at <= JUST_NOW


def _is_too_weak(session: Session, demand: ApiDemand) -> bool:
    return demand.acr is not None and not is_at_least(reached_acr(session.amr), demand.acr)


async def _ask_for_code(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    *,
    typed: str = "",
    error: str | None = None,
    status: int = 400,
) -> OidcResponse:
    return await page(
        provider,
        snapshot,
        request,
        "oidc/device.html",
        status=status if error else 200,
        has_language_menu=True,
        texts={"error": error} if error else {},
        action=PATH,
        user_code=typed[:32],
        ui_locales=request.params.get("ui_locales"),
    )


async def _too_many_tries(
    request: OidcRequest, provider: Provider, snapshot: Snapshot, error: RequestError
) -> OidcResponse:
    """Say so, and when it is worth trying again (RFC 6585 section 4)."""
    answer = await _ask_for_code(
        request, provider, snapshot, error="error.too_many_attempts", status=429
    )
    return answer.with_headers((b"retry-after", str(error.data["retryAfter"]).encode()))


async def _ask_to_confirm(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    *,
    code: DeviceCode,
    user_code: str,
    client: Client,
    session: Session,
) -> OidcResponse:
    user = await find_user(provider.db, tenant_id=request.edge.tenant_id, user_id=session.user_id)
    asked = await what_is_asked(
        snapshot, provider.db, code=code, client=client, user_id=session.user_id
    )
    digest = digest_of(asked)
    signed = f"{session.id}.{user_code}.{digest}"
    return await page(
        provider,
        snapshot,
        request,
        "oidc/device_confirm.html",
        has_language_menu=True,
        application_name=client.name,
        account_name=_account_name(user) if user else "",
        asked=await describe(snapshot, provider.db, asked=asked),
        action=PATH,
        user_code=user_code,
        hidden={
            "user_code": user_code,
            "asked": digest,
            "xsrf": provider.sealer.sign(signed, purpose=_PURPOSE),
            "ui_locales": request.params.get("ui_locales") or "",
        },
    )


def _account_name(user: User) -> str:
    return user.username or user.name or user.primary_email or user.primary_phone or user.id


async def _check_tries(request: OidcRequest, provider: Provider, session: Session | None) -> None:
    """Refuse a network or session that tried too many wrong codes.

    Raises:
        RequestError: it did.
    """
    for guess, _ in _guesses(request, session):
        await check_not_locked(
            provider.db, tenant_id=request.edge.tenant_id, guess=guess, now=provider.clock.now()
        )


async def _count_try(request: OidcRequest, provider: Provider, session: Session | None) -> None:
    for guess, policy in _guesses(request, session):
        await record_failure(
            provider.db,
            tenant_id=request.edge.tenant_id,
            guess=guess,
            policy=policy,
            now=provider.clock.now(),
        )


def _guesses(request: OidcRequest, session: Session | None) -> list[tuple[Guess, LockoutPolicy]]:
    network = guess_of(f"network {network_of(request.edge.client_ip)}", action=Action.USER_CODE)
    guesses = [(network, BY_NETWORK)]
    if session is not None:
        guesses.append((guess_of(f"session {session.id}", action=Action.USER_CODE), BY_SESSION))
    return guesses
