"""RFC 6749 section 4.4, RFC 9396: client_credentials, a machine's token for one API resource."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from doorward.applications.cached import Client
from doorward.audit.store import record
from doorward.keys.ring import current_keys
from doorward.oidc.authorization.authorization_details import PARAMETER, details_of_machine
from doorward.oidc.bearer import AccessToken, seal_access_token
from doorward.oidc.errors import AccessDenied, InvalidTarget
from doorward.oidc.provider import Provider
from doorward.oidc.request import OidcRequest
from doorward.oidc.sender_constraint import Confirmation, token_type
from doorward.oidc.tables import NO_CONTEXT, TokenContext
from doorward.oidc.tokens import TokenResponse, sign_access_token
from doorward.resources.cached import find_default_resource, find_resource
from doorward.resources.tables import Resource
from doorward.roles.permissions import application_scopes
from doorward.storage import Snapshot


async def client_credentials(
    request: OidcRequest,
    provider: Provider,
    snapshot: Snapshot,
    client: Client,
    *,
    cnf: Confirmation | None,
) -> TokenResponse:
    """Give a machine an access token.

    Raises:
        InvalidTarget: no resource, an unknown one, or several.
        AccessDenied: an organization that the application is not in.
        InvalidAuthorizationDetails: details that the application may not have there.
    """
    edge, now = request.edge, provider.clock.now()

    # 1. No organization exists here, so no application is associated with one.
    if request.params.get("organization_id") is not None:
        raise AccessDenied("app has not associated with the organization", status=403)

    # 2. What the token is for (RFC 8707).
    resource = await _find_target(request, snapshot)

    # 3. Of the scopes asked for, those that the application's roles grant; others are dropped.
    allowed = await application_scopes(snapshot, application_id=client.id, resource_id=resource.id)
    asked = (request.params.get("scope") or "").split()
    scope = " ".join(name for name in dict.fromkeys(asked) if name in allowed)

    # 4. What it carries beside them.
    context = TokenContext(cnf=cnf) if cnf is not None else NO_CONTEXT
    if request.params.get(PARAMETER) is not None:
        details = await details_of_machine(
            snapshot, request.params, client=client, audience=resource.indicator
        )
        context = msgspec.structs.replace(context, authorization_details=details)

    # 5. The token.
    if resource.is_opaque:
        opaque = AccessToken(
            client_id=client.id,
            scope=scope,
            issued_at=now,
            expires_at=now + timedelta(seconds=resource.access_token_ttl),
            context=context,
            audience=resource.indicator,
        )
        token = seal_access_token(opaque, tenant_id=edge.tenant_id, sealer=provider.sealer)
    else:
        ring = await current_keys(snapshot, sealer=provider.sealer)
        token = sign_access_token(
            ring.current,
            issuer=edge.issuer,
            subject=client.id,
            client_id=client.id,
            audience=resource.indicator,
            scope=scope,
            lifetime=resource.access_token_ttl,
            now=int(now.timestamp()),
            context=context,
        )

    # 6. The audit entry is on disk before the token leaves.
    async with provider.db.transaction(edge.tenant_id) as tx:
        await record(
            tx,
            tenant_id=edge.tenant_id,
            key="ExchangeTokenBy.ClientCredentials",
            edge=edge,
            at=now,
            application_id=client.id,
            params={"resource": resource.indicator, "scope": scope},
        )
    return TokenResponse(
        access_token=token,
        expires_in=resource.access_token_ttl,
        scope=scope,
        token_type=token_type(cnf),
        authorization_details=context.authorization_details or msgspec.UNSET,
    )


async def _find_target(request: OidcRequest, snapshot: Snapshot) -> Resource:
    asked = request.params.resources
    if len(asked) > 1:
        raise InvalidTarget("only a single resource indicator value must be requested")
    resource = (
        await find_resource(snapshot, asked[0]) if asked else await find_default_resource(snapshot)
    )
    if resource is None:
        raise InvalidTarget("resource indicator is missing, or unknown")
    return resource
