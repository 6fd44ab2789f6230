"""RFC 9126, RFC 9101: the effective authorization request, and how it may be answered only once.

    /oidc/auth?…everything…               the parameters as they came
    /oidc/auth?client_id=&request_uri=    the parameters that the client pushed, and no others
    /oidc/auth?client_id=&request=        the parameters that the client signed, and no others
    /oidc/auth?client_id=&request_uri=    … with an https address, where it keeps what it signed

A pushed request is answered once. Until then the browser may open its address again: only the
answer consumes it, in the transaction that makes the answer.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from doorward.applications.cached import Client
from doorward.interactions.store import LIFETIME as INTERACTION_LIFETIME
from doorward.kit.edge import Edge
from doorward.oidc.authorization.request import restored_params
from doorward.oidc.clients.lookup import find_client_at
from doorward.oidc.errors import InvalidClient, InvalidRequest, InvalidRequestUri
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params, name_resources, split_resources
from doorward.pushed_requests.store import (
    consume_pushed_request,
    find_pushed_request,
    hold_pushed_request,
)
from doorward.storage import Snapshot, Transaction
from doorward.tenants.request_policy import RequestPolicy

PUSHED_URI = "urn:ietf:params:oauth:request_uri:"
_PUSHED = "pushed_request"


class RequestSource(msgspec.Struct, frozen=True):
    """The parameters that count. `pushed` is the key of the pushed request they come from; if there
    is none, `is_signed` says whether the client signed them."""

    params: Params
    pushed: str | None = None
    is_signed: bool = False

    def stored(self, params: dict[str, object]) -> dict[str, object]:
        """Return the parameters as an interaction keeps them, with where they come from."""
        return params if self.pushed is None else {**params, _PUSHED: self.pushed}


async def find_source(
    request: OidcRequest, provider: Provider, snapshot: Snapshot
) -> RequestSource:
    """Return the effective request of /oidc/auth.

    Raises:
        InvalidRequest: parameters that contradict each other.
        InvalidClient: a request object of nobody.
        InvalidRequestUri: a reference that is unknown, expired, answered, or another client's.
        InvalidRequestObject: a request object that the client did not sign for us.
    """
    # 1. The parameters themselves?
    params = request.params
    request_uri, request_object = params.get("request_uri"), params.get("request")
    if request_uri is None and request_object is None:
        return RequestSource(split_resources(params))

    # 2. RFC 9101 section 5: one request, of one client that is named beside it.
    client_id = params.get("client_id")
    if not params.repeated.isdisjoint({"client_id", "request_uri", "request"}):
        raise InvalidRequest("client_id, request and request_uri must not be repeated")
    if client_id is None:
        raise InvalidRequest("missing required parameter client_id")
    if request_uri is not None and request_object is not None:
        raise InvalidRequest("request and request_uri must not be used together")

    # 3. From here on, what stands beside it does not count (RFC 9101 section 6.3).
    if request_uri is not None and request_uri.startswith(PUSHED_URI):
        return await _find_pushed(request, provider, request_uri, client_id=client_id)
    client = await find_client_at(
        snapshot, client_id, edge=request.edge, documents=provider.documents
    )
    if client is None:
        raise InvalidClient(f"invalid client {client_id[:128]}", status=400)
    if request_uri is not None:
        from doorward.oidc.authorization.request_object import fetch_request_object

        request_object = await fetch_request_object(provider, client, request_uri)
    return await signed_source(
        provider, client, edge=request.edge, request_object=request_object or ""
    )


async def signed_source(
    provider: Provider, client: Client, *, edge: Edge, request_object: str
) -> RequestSource:
    """Return the request that a client signed.

    Raises:
        InvalidRequestObject: it did not, or not for us.
    """
    # Imported here: hardly anybody signs requests.
    from doorward.oidc.authorization.request_object import parse_request_object

    params = await parse_request_object(provider, client, edge=edge, value=request_object)
    return RequestSource(name_resources(params, edge=edge), is_signed=True)


async def _find_pushed(
    request: OidcRequest, provider: Provider, request_uri: str, *, client_id: str
) -> RequestSource:
    # RFC 9126 section 4: known, and bound to the client. All of it was checked when it was pushed.
    pushed = await find_pushed_request(
        provider.db,
        tenant_id=request.edge.tenant_id,
        value=request_uri.removeprefix(PUSHED_URI),
        now=provider.clock.now(),
    )
    if pushed is None or pushed.client_id != client_id:
        raise InvalidRequestUri("request_uri is unknown, expired or used already")
    return RequestSource(restored_params(pushed.params), pushed=pushed.id_hash)


def restored_source(stored: dict[str, object]) -> RequestSource:
    """Return the request that an interaction kept."""
    pushed = stored.get(_PUSHED)
    params = {name: value for name, value in stored.items() if name != _PUSHED}
    return RequestSource(restored_params(params), pushed=str(pushed) if pushed else None)


def check_source(source: RequestSource, client: Client, *, policy: RequestPolicy) -> None:
    """Refuse a request that did not come the way that the client, or every client of the tenant,
    always sends its requests: without this, whoever changes a request in the browser only has to
    leave out the protection.

    Raises:
        InvalidRequest: RFC 9126 section 5, RFC 9101 section 10.5.
    """
    if source.pushed is not None:
        return
    if (
        client.metadata.require_pushed_authorization_requests
        or policy.require_pushed_authorization_requests
    ):
        raise InvalidRequest("the client must push its authorization requests")
    check_signed(source, client, policy=policy)


def check_signed(source: RequestSource, client: Client, *, policy: RequestPolicy) -> None:
    """Refuse what a client that always signs its requests did not sign.

    Raises:
        InvalidRequest: RFC 9101 section 10.5.
    """
    is_required = (
        client.metadata.require_signed_request_object or policy.require_signed_request_object
    )
    if is_required and not source.is_signed:
        raise InvalidRequest("the client must sign its authorization requests")


async def hold_source(
    tx: Transaction, *, tenant_id: str, source: RequestSource, now: datetime
) -> None:
    """Keep a pushed request for as long as the interaction that begins here may last.

    Raises:
        InvalidRequestUri: it was answered meanwhile.
    """
    if source.pushed is None:
        return
    if not await hold_pushed_request(
        tx, tenant_id=tenant_id, id_hash=source.pushed, until=now + INTERACTION_LIFETIME, now=now
    ):
        raise InvalidRequestUri("request_uri is unknown, expired or used already")


async def consume_source(
    tx: Transaction, *, tenant_id: str, source: RequestSource, now: datetime
) -> None:
    """Use up a pushed request: of any number of callers, one passes (RFC 9126 section 7.3).

    Raises:
        InvalidRequestUri: it was answered meanwhile.
    """
    if source.pushed is None:
        return
    if not await consume_pushed_request(tx, tenant_id=tenant_id, id_hash=source.pushed, now=now):
        raise InvalidRequestUri("request_uri is unknown, expired or used already")


async def drop_source(provider: Provider, *, tenant_id: str, source: RequestSource) -> None:
    """Use up a pushed request that is answered with an error, in a transaction of its own."""
    if source.pushed is None:
        return
    async with provider.db.transaction(tenant_id) as tx:
        await consume_pushed_request(
            tx, tenant_id=tenant_id, id_hash=source.pushed, now=provider.clock.now()
        )
