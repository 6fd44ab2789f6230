"""RFC 9126 section 4: the effective authorization request, and how it may be answered only once.

    /oidc/auth?…everything…               the parameters as they came
    /oidc/auth?client_id=&request_uri=    the parameters that the client pushed, and no others

A pushed request is answered once. Until then the browser may open its address again: only the
answer consumes it, in the transaction that makes the answer.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from doorward.applications.cached import Client
from doorward.interactions.store import LIFETIME as INTERACTION_LIFETIME
from doorward.oidc.authorization_request import restored_params
from doorward.oidc.errors import InvalidRequest, InvalidRequestUri
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, Params, split_resources
from doorward.pushed_requests.store import (
    consume_pushed_request,
    find_pushed_request,
    hold_pushed_request,
)
from doorward.storage import Transaction

PUSHED_URI = "urn:ietf:params:oauth:request_uri:"
_PUSHED = "pushed_request"


class RequestSource(msgspec.Struct, frozen=True):
    """The parameters that count. `pushed` is the key of the pushed request they come from."""

    params: Params
    pushed: str | None = None

    def stored(self, params: dict[str, object]) -> dict[str, object]:
        """Return the parameters as an interaction keeps them, with where they come from."""
        return params if self.pushed is None else {**params, _PUSHED: self.pushed}


async def find_source(request: OidcRequest, provider: Provider) -> RequestSource:
    """Return the effective request of /oidc/auth.

    Raises:
        InvalidRequest: parameters that contradict each other.
        InvalidRequestUri: a reference that is unknown, expired, answered, or another client's.
    """
    params = request.params
    request_uri = params.get("request_uri")
    if request_uri is None or not request_uri.startswith(PUSHED_URI):
        return RequestSource(split_resources(params))

    # 1. One reference, of one client, and no second request beside it.
    client_id = params.get("client_id")
    if not params.repeated.isdisjoint({"client_id", "request_uri", "request"}):
        raise InvalidRequest("client_id and request_uri must not be repeated")
    if client_id is None:
        raise InvalidRequest("missing required parameter client_id")
    if params.get("request") is not None:
        raise InvalidRequest("request and request_uri must not be used together")

    # 2. RFC 9126 section 4: it is known, and bound to the client. All its parameters were checked
    #    when they were pushed; RFC 9101 section 6.3: those beside it in the query do not count.
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


def check_source(source: RequestSource, client: Client) -> None:
    """Refuse a request that did not come the way that the client always sends its requests.

    Raises:
        InvalidRequest: RFC 9126 section 5; without this, whoever changes a request in the browser
            only has to leave out the reference.
    """
    if client.metadata.require_pushed_authorization_requests and source.pushed is None:
        raise InvalidRequest("the client must push its authorization requests")


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
