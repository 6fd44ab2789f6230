"""OpenID Connect Back-Channel Logout 1.0: telling an application that a session has ended.

`sessions/ending.py` posts a message for each application; the worker of the outbox delivers it
here, and again if the application does not answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from doorward.applications.cached import Client, find_client
from doorward.keys.ring import signing_key
from doorward.kit.clock import Clock
from doorward.kit.crypto import Sealer
from doorward.kit.http_client import AddressRefused, HttpClient, HttpError
from doorward.oidc.subjects import subjects_of
from doorward.outbox.tables import Message
from doorward.outbox.worker import Deliver, DeliveryFailed
from doorward.storage import Snapshot, Snapshots

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = timedelta(minutes=2)
_MAX_ANSWER = 64 * 1024
_AGAIN = frozenset({408, 425, 429})


def backchannel_logout(
    *, snapshots: Snapshots, clock: Clock, sealer: Sealer, http: HttpClient, issuers: dict[str, str]
) -> Deliver:
    """Return what delivers the messages of this kind. `issuers` are those of the tenants, by id."""

    async def deliver(message: Message) -> None:
        snapshot = await snapshots.current(message.tenant_id)

        # 1. The application may have been deleted, or want it no longer.
        client = await find_client(snapshot, str(message.payload["clientId"]))
        if client is None or client.metadata.backchannel_logout_uri is None:
            return

        # 2. Section 2.4: a token of its own kind, fresh for each attempt.
        token = await logout_token(
            snapshot,
            client,
            issuer=issuers[message.tenant_id],
            message=message,
            sealer=sealer,
            now=clock.seconds(),
        )

        # 3. Section 2.5: POST it. The address is the client's, so the call is guarded.
        try:
            answer = await http.post(
                client.metadata.backchannel_logout_uri,
                form={"logout_token": token},
                max_bytes=_MAX_ANSWER,
            )
        except AddressRefused as error:
            raise DeliveryFailed(str(error), is_final=True) from error
        except HttpError as error:
            raise DeliveryFailed(str(error)) from error

        # 4. Section 2.8: 200, or 204 for those who take it at its word. A refusal is final.
        if answer.status in {200, 204}:
            return
        is_final = answer.status < 500 and answer.status not in _AGAIN
        raise DeliveryFailed(f"the application answered {answer.status}", is_final=is_final)

    return deliver


async def logout_token(
    snapshot: Snapshot,
    client: Client,
    *,
    issuer: str,
    message: Message,
    sealer: Sealer,
    now: int,
) -> str:
    """Return the logout token of a message (section 2.4).

    It has no nonce, so that it cannot be taken for an ID token; its `jti` is the message's id, so
    that the application can tell a second delivery.
    """
    subjects = await subjects_of(snapshot, client, sealer=sealer)
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subjects.of(str(message.payload["userId"])),
        "aud": client.id,
        "iat": now,
        "exp": now + int(LIFETIME.total_seconds()),
        "jti": message.id,
        "events": {EVENT: {}},
    }
    if client.metadata.backchannel_logout_session_required:
        claims["sid"] = subjects.sid_of(str(message.payload["sessionId"]))
    # Section 2.6: signed as the client's ID tokens are.
    algorithm = client.metadata.id_token_signed_response_alg
    key = await signing_key(snapshot, algorithm, sealer=sealer)
    return key.encode(claims, typ="logout+jwt")
