"""RFC 9126 and RFC 9449 section 10.1: pushed authorization requests, POST /oidc/request.

The client sends its authorization request straight to us, and the browser only a reference to it:
nobody between reads or changes it, and the client is known before a person is asked.
"""

from __future__ import annotations

import msgspec

from doorward.oidc.authorization.request import (
    find_redirect_target,
    parse_request,
    stored_params,
)
from doorward.oidc.authorization.source import (
    PUSHED_URI,
    RequestSource,
    check_signed,
    signed_source,
)
from doorward.oidc.client_auth import authenticate_client
from doorward.oidc.errors import InvalidRedirectUri, InvalidRequest
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest, split_resources
from doorward.oidc.response import OidcResponse, json_response
from doorward.oidc.sender_constraint import bound_to_key, find_proven_key, with_next_nonce
from doorward.oidc.strangers import charge
from doorward.pushed_requests.store import LIFETIME, add_pushed_request
from doorward.tenants.request_policy import current_policy


class PushedResponse(msgspec.Struct, frozen=True):
    """RFC 9126 section 2.2."""

    request_uri: str
    expires_in: int


async def push_authorization_request(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Store an authorization request and answer with the reference to it.

    Raises:
        InvalidClient, InvalidRequest and all that the authorization endpoint would tell the client.
    """
    edge = request.edge
    snapshot = await provider.snapshots.current(edge.tenant_id)

    # 1. RFC 9126 section 2.1: authenticate the client as at the token endpoint.
    client = await authenticate_client(request, provider, snapshot)

    # 2. RFC 9449 section 10.1: the key that a DPoP proof binds the code to. First of all, since a
    #    client that learns the nonce here sends the rest once more.
    jkt = await find_proven_key(request, provider)

    # 3. RFC 9126 section 2.1: what is pushed is a request, not a reference to another.
    if request.params.get("request_uri") is not None:
        raise InvalidRequest("request_uri must not be used at this endpoint")

    # 4. RFC 9126 section 3: what the client signed, if it did, is all that counts.
    request_object = request.params.get("request")
    if request_object is not None:
        source = await signed_source(provider, client, edge=edge, request_object=request_object)
    else:
        values = {**request.params.values, "client_id": client.id}
        source = RequestSource(
            split_resources(msgspec.structs.replace(request.params, values=values))
        )
    check_signed(source, client, policy=await current_policy(snapshot))
    params = bound_to_key(source.params, jkt)

    # 5. RFC 9126 section 2.1: check it as the authorization endpoint would.
    try:
        target = await find_redirect_target(
            snapshot, params, edge=edge, documents=provider.documents
        )
    except InvalidRedirectUri as error:
        # RFC 9126 section 2.3: the error codes are those of the token endpoint.
        raise InvalidRequest(error.description) from error
    await parse_request(snapshot, params, target=target, edge=edge, sealer=provider.sealer)

    # 6. Keep what the authorization endpoint reads, which the client's credentials are not.
    stored = stored_params(params)
    # A third party may have registered itself, and then its secret proves nothing.
    if client.is_public or client.is_third_party:
        charge(provider, edge, stored)
    async with provider.db.transaction(edge.tenant_id) as tx:
        value = await add_pushed_request(
            tx,
            tenant_id=edge.tenant_id,
            client_id=client.id,
            params=stored,
            now=provider.clock.now(),
        )
    answer = json_response(
        PushedResponse(f"{PUSHED_URI}{value}", int(LIFETIME.total_seconds())), status=201
    )
    return with_next_nonce(answer, request, provider)
