"""RFC 8628 section 3.1: the device authorization endpoint, POST /oidc/device/auth."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from doorward.applications.types import DEVICE_CODE
from doorward.device_codes.store import add_device_code
from doorward.device_codes.tables import DeviceCode, Status
from doorward.device_codes.user_codes import new_user_code
from doorward.kit.crypto import hash_token
from doorward.kit.ids import new_token
from doorward.oidc.authorization.authorization_details import PARAMETER
from doorward.oidc.authorization.page_url import HINTS
from doorward.oidc.authorization.request import check_ceiling, requested_resources
from doorward.oidc.authorization.step_up import Demand, can_be_fulfilled, find_api_demand
from doorward.oidc.client_auth import authenticate_client
from doorward.oidc.errors import (
    InvalidAuthorizationDetails,
    InvalidRequest,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
)
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.response import OidcResponse, json_response
from doorward.oidc.strangers import charge
from doorward.sign_in_experience.cached import current_experience
from doorward.storage import UniqueViolation

LIFETIME = timedelta(seconds=600)
INTERVAL = 5
"""Seconds between two polls to begin with; also what a device assumes that is told none."""

MAX_STORED = 8 * 1024
_DRAWS = 5


class DeviceAuthorizationResponse(msgspec.Struct, frozen=True):
    """Section 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


async def authorize_device(request: OidcRequest, provider: Provider) -> OidcResponse:
    """Give a device the code that it polls with, and the one that a person enters for it."""
    edge, params, now = request.edge, request.params, provider.clock.now()
    snapshot = await provider.snapshots.current(edge.tenant_id)

    # 1. Section 3.1: the client, authenticated as at the token endpoint.
    client = await authenticate_client(request, provider, snapshot)
    if DEVICE_CODE not in client.grant_types:
        raise UnauthorizedClient("the client may not use the device authorization grant")
    if client.is_third_party:
        await check_ceiling(snapshot, params, client=client)

    # RFC 9396 section 3 lets a server choose: the page of this flow cannot show them.
    if params.get(PARAMETER) is not None:
        raise InvalidAuthorizationDetails("not supported for devices")

    # 2. What it asks for. RFC 8707 section 2: an unknown resource is an invalid_target.
    resources = await requested_resources(snapshot, params)
    demand = Demand(at_least=(await find_api_demand(snapshot, resources)).acr)
    if not can_be_fulfilled(demand, await current_experience(snapshot)):
        # RFC 9470 section 5: nobody can reach it, so nobody is asked to try.
        raise UnmetAuthenticationRequirements("the acr that a resource demands cannot be reached")
    device_code = new_token()
    code = DeviceCode(
        device_code_hash=hash_token(device_code),
        user_code_hash="",
        client_id=client.id,
        scope=" ".join(dict.fromkeys((params.get("scope") or "").split())),
        resources=list(resources),
        hints={name: params.values[name] for name in HINTS if name in params.values},
        status=Status.WAITING,
        user_id=None,
        session_id=None,
        authenticated_at=None,
        amr=None,
        interval=INTERVAL,
        next_poll_at=now,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    # Strangers may store requests, so a huge one is refused, and so are too many.
    kept = {"scope": code.scope, "resource": code.resources, **code.hints}
    if len(msgspec.json.encode(kept)) > MAX_STORED:
        raise InvalidRequest("the request is too large")
    if client.is_public or client.is_third_party:
        charge(provider, edge, kept)

    # 3. A user code that nobody else has.
    user_code = await _store(provider, tenant_id=edge.tenant_id, code=code)
    verification_uri = f"{edge.endpoint}/device"
    return json_response(
        DeviceAuthorizationResponse(
            device_code=device_code,
            user_code=user_code,
            verification_uri=verification_uri,
            verification_uri_complete=f"{verification_uri}?user_code={user_code}",
            expires_in=int(LIFETIME.total_seconds()),
            interval=INTERVAL,
        )
    )


async def _store(provider: Provider, *, tenant_id: str, code: DeviceCode) -> str:
    """Store the code under a new user code, drawing again when somebody else has the same."""
    for draw in range(_DRAWS):
        user_code = new_user_code()
        known_by = provider.sealer.lookup_hash(user_code)
        try:
            async with provider.db.transaction(tenant_id) as tx:
                await add_device_code(
                    tx,
                    tenant_id=tenant_id,
                    code=msgspec.structs.replace(code, user_code_hash=known_by),
                )
        except UniqueViolation:
            if draw == _DRAWS - 1:
                raise
            continue
        return user_code
    raise AssertionError
