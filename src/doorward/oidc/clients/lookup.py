"""RFC 6749 section 2: the clients of a tenant: those with a row, with what an endpoint adds to them
at run time, and those with a client id metadata document (slice `cimd`)."""

from __future__ import annotations

import msgspec

from doorward.applications.cached import Client, find_client
from doorward.cimd.documents import ClientDocuments
from doorward.kit.edge import Edge
from doorward.storage import Snapshot
from doorward.tenants.seed import ADMIN_TENANT, CONSOLE_APPLICATION_ID

MAX_CLIENT_ID = 128


async def find_client_at(
    snapshot: Snapshot, client_id: str, *, edge: Edge, documents: ClientDocuments | None
) -> Client | None:
    """Return the client with this id, as the tenant's endpoint knows it.

    The console is a client like any other, but its address is a setting, not a row. `documents` is
    None where nobody's document may be fetched on the way.

    Raises:
        ServiceUnavailable: too many client id metadata documents are being asked for.
    """
    # The ids of rows are ours and never look like this (CIMD section 7.1).
    if client_id.startswith("https://"):
        return await documents.find(snapshot, client_id, edge=edge) if documents else None
    if len(client_id) > MAX_CLIENT_ID:
        return None
    client = await find_client(snapshot, client_id)
    if client_id != CONSOLE_APPLICATION_ID or edge.tenant_id != ADMIN_TENANT or client is None:
        return client
    console = f"{edge.endpoint}/console"
    return msgspec.structs.replace(
        client,
        redirect_uris=(*client.redirect_uris, f"{console}/callback"),
        post_logout_redirect_uris=(*client.post_logout_redirect_uris, console),
    )
