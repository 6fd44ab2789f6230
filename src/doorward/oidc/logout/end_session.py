"""OpenID Connect RP-Initiated Logout 1.0: /oidc/session/end, its confirmation and its last page.

    GET or POST /session/end ─┬─► id_token_hint of this very session ─────────────┐
                              └─► page that asks ─► POST .../confirm ─► the session ends
                                                    (other clients: front channel) ─┤
                                                                         ├─► the client's address
                                                                         └─► /session/end/success

The page asks because any site can send a browser here; an ID token of the session at hand is proof
that its client asks. Where to go afterwards is checked before the page and travels through the form
under our signature, bound to the session, which is also what keeps the form from being forged.
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from doorward.applications.cached import Client
from doorward.applications.redirect_uris import is_registered
from doorward.kit.jose import JoseError, decode_base64url, encode_base64url
from doorward.oidc.authorization.request import parse_id_token_hint
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.errors import InvalidClient, InvalidRequest, SessionNotFound
from doorward.oidc.html_pages import in_language, page
from doorward.oidc.logout.front_channel import logout_addresses, signing_out_page
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, redirect
from doorward.oidc.session_cookie import (
    dead_session_cookies,
    ended_session_cookies,
    find_current_session,
)
from doorward.oidc.subjects import subjects_of
from doorward.sessions.ending import end_session as end
from doorward.sessions.tables import Session
from doorward.storage import Snapshot
from doorward.users.store import find_user

SUCCESS_PATH = "/oidc/session/end/success"
CONFIRM_PATH = "/oidc/session/end/confirm"
_PURPOSE = "session/end"


class Departure(msgspec.Struct, frozen=True):
    """Where the browser goes once it is signed out: to the client, or to our own last page."""

    client_id: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None
    ui_locales: str | None = None

    @property
    def location(self) -> str:
        """The address, with the client's state (section 3)."""
        uri = self.post_logout_redirect_uri
        if uri is None:
            return in_language(SUCCESS_PATH, {}, ui_locales=self.ui_locales)
        if self.state is None:
            return uri
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': self.state})}"


_decode_departure = msgspec.json.Decoder(Departure).decode


async def end_session(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Ask whether to sign out, or do so when the client proves that the session is its own."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)
    params = request.params

    # 1. Who asks: by ID token, by name, or nobody in particular.
    hinted_client_id = hinted_sid = None
    if hint := params.get("id_token_hint"):
        claims = await parse_id_token_hint(
            snapshot, hint, edge=request.edge, sealer=provider.sealer
        )
        hinted_client_id, hinted_sid = str(claims.get("aud")), claims.get("sid")
    client_id = params.get("client_id") or hinted_client_id
    # Section 2: client_id and the hint's audience must be the same client.
    if hinted_client_id is not None and client_id != hinted_client_id:
        raise InvalidRequest("client_id does not match the provided id_token_hint")
    client = None
    if client_id is not None:
        client = await find_client_at(
            snapshot, client_id, edge=request.edge, documents=provider.documents
        )
        if client is None:
            raise InvalidClient(f"invalid client {client_id[:128]}", status=400)

    # 2. Where to go: an address is followed only if the client registered it. Section 3.
    departure = _departure(request, client)

    # 3. Nobody is signed in: there is nothing to ask.
    session = await find_current_session(provider.db, request, clock=provider.clock)
    if session is None:
        return redirect(departure.location).with_cookies(*dead_session_cookies(request))

    # 4. An ID token of this very session is as good as the person's word.
    if hinted_sid is not None and client is not None:
        subjects = await subjects_of(snapshot, client, sealer=provider.sealer)
        if hinted_sid == subjects.sid_of(session.id):
            return await _sign_out(request, provider, session=session, departure=departure)
    return await _ask(
        request, provider, snapshot, session=session, client=client, departure=departure
    )


async def confirm_end_session(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Receive the answer of the confirmation page."""
    params = request.params
    session = await find_current_session(provider.db, request, clock=provider.clock)
    if session is None:
        raise SessionNotFound("session not found")

    # The signature covers the session's id, which no other site knows: a forged form fails.
    text = params.get("departure") or ""
    if not provider.sealer.is_signature(
        params.get("xsrf") or "", f"{session.id}.{text}", purpose=_PURPOSE
    ):
        raise InvalidRequest("xsrf token invalid")
    try:
        departure = _decode_departure(decode_base64url(text))
    except (JoseError, msgspec.MsgspecError) as error:
        raise InvalidRequest("xsrf token invalid") from error

    if params.get("logout") is None:
        return redirect(departure.location)
    return await _sign_out(request, provider, session=session, departure=departure)


async def end_session_success(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Say how it ended, when there is no address to go back to: signed out, or stayed after all."""
    snapshot = await provider.snapshots.current(request.edge.tenant_id)
    session = await find_current_session(provider.db, request, clock=provider.clock)
    outcome = "done" if session is None else "stayed"
    return await page(
        provider,
        snapshot,
        request,
        "kit/message.html",
        has_language_menu=True,
        texts={"title": f"sign_out.{outcome}_title", "message": f"sign_out.{outcome}"},
        kind="done",
        actions=[],
    )


def _departure(request: OidcRequest, client: Client | None) -> Departure:
    uri = request.params.get("post_logout_redirect_uri")
    # Without a client to vouch for it the address is ignored.
    if uri is None or client is None:
        return Departure(
            client_id=client.id if client else None, ui_locales=request.params.get("ui_locales")
        )
    if not is_registered(uri, registered=client.post_logout_redirect_uris):
        raise InvalidRequest("post_logout_redirect_uri not registered")
    return Departure(
        client_id=client.id,
        post_logout_redirect_uri=uri,
        state=request.params.get("state"),
    )


async def _ask(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    *,
    session: Session,
    client: Client | None,
    departure: Departure,
) -> OidcResponse:
    user = await find_user(provider.db, tenant_id=request.edge.tenant_id, user_id=session.user_id)
    text = encode_base64url(msgspec.json.encode(departure))
    account = (user.username or user.name or user.primary_email) if user else None
    return await page(
        provider,
        snapshot,
        request,
        "oidc/sign_out.html",
        has_language_menu=True,
        application_name=client.name if client else None,
        form_action=departure.post_logout_redirect_uri,
        account_name=account,
        action=CONFIRM_PATH,
        hidden={
            "xsrf": provider.sealer.sign(f"{session.id}.{text}", purpose=_PURPOSE),
            "departure": text,
            "ui_locales": request.params.get("ui_locales") or "",
        },
    )


async def _sign_out(
    request: OidcRequest, provider: Provider, *, session: Session, departure: Departure
) -> OidcResponse:
    """End the session and the grants that live with it; those with offline_access go on."""
    tenant_id = request.edge.tenant_id
    snapshot = await provider.snapshots.current(tenant_id)
    addresses = await logout_addresses(
        provider.db,
        snapshot,
        session=session,
        issuer=request.edge.issuer,
        sealer=provider.sealer,
    )
    async with provider.db.transaction(tenant_id) as tx:
        await end(tx, tenant_id=tenant_id, session_id=session.id, now=provider.clock.now())
    if addresses:
        answer = await signing_out_page(
            provider, snapshot, request, addresses=addresses, location=departure.location
        )
    else:
        answer = redirect(departure.location)
    return answer.with_cookies(*ended_session_cookies(edge=request.edge))
