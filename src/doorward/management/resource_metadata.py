"""RFC 9728: what a client has to know of the management API to be let in, found from a refusal.

    401 WWW-Authenticate: Bearer resource_metadata="<endpoint>/.well-known/..."
    ─► this document ─► the authorization server ─► a token for the resource `<endpoint>/api`

The audience of such a token is the API's name (`audience.py`); its address, which is what a client
can know, is another name of the same resource.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get

from doorward.kit.edge import Edge
from doorward.kit.jose import PROOF_ALGORITHMS
from doorward.management.audience import address_of

PATH = "/.well-known/oauth-protected-resource/api"


def challenge(edge: Edge, *, error: str | None = None, scope: str | None = None) -> str:
    """Return a WWW-Authenticate challenge that leads to the metadata (section 5.1)."""
    parts = [f'error="{error}"'] if error else []
    if scope is not None:
        parts.append(f'scope="{scope}"')
    return "Bearer " + ", ".join([*parts, pointer(edge)])


def pointer(edge: Edge) -> str:
    """Return the parameter that leads to the metadata, for a challenge of any scheme."""
    return f'resource_metadata="{edge.endpoint}{PATH}"'


class ResourceMetadata(msgspec.Struct):
    """Section 2. `resource` is exactly what the well-known address was made of (section 3.3)."""

    resource: str
    authorization_servers: list[str]
    scopes_supported: list[str]
    bearer_methods_supported: list[str]
    resource_name: str
    resource_documentation: str
    dpop_signing_alg_values_supported: list[str]
    dpop_bound_access_tokens_required: bool


# Section 3.1: the well-known part stands between host and path of the resource.
@get(PATH, include_in_schema=False)
async def show_resource_metadata(edge: Edge) -> Response[ResourceMetadata]:
    """Describe how to get a token for the management API."""
    document = ResourceMetadata(
        resource=address_of(edge.endpoint),
        authorization_servers=[edge.issuer],
        scopes_supported=["all"],
        bearer_methods_supported=["header"],
        resource_name="Doorward management API",
        resource_documentation=f"{edge.endpoint}/api/swagger.json",
        dpop_signing_alg_values_supported=list(PROOF_ALGORITHMS),
        dpop_bound_access_tokens_required=False,
    )
    headers: dict[str, Any] = {
        # Public, and read by pages in a browser (RFC 9728 has nothing secret in it).
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=300",
        "x-content-type-options": "nosniff",
    }
    return Response(document, headers=headers)
