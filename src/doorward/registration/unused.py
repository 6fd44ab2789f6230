"""Clearing clients that registered themselves and that nobody uses.

Used means that somebody's grant to it lives. A client is looked at some days after it was last
changed or found in use; that costs nothing where tokens are issued.
"""

from __future__ import annotations

from datetime import datetime

from doorward.applications.rules import delete_application
from doorward.grants.store import has_grants
from doorward.registration import store
from doorward.registration.config import find_registration_config
from doorward.storage import Transaction


# lint: tenant-scope: whoever is to be looked at, in whichever tenant
async def sweep_unused_clients(tx: Transaction, *, now: datetime) -> int:  # every tenant
    """Delete unused clients, put off the others, and return how many were looked at."""
    overdue = await store.list_overdue(tx, now=now)
    for client in overdue:
        tenant_id, client_id = client.tenant_id, client.application_id
        config = await find_registration_config(tx, tenant_id=tenant_id)
        look_at = config.look_at(now)
        if look_at is None or await has_grants(tx, tenant_id=tenant_id, client_id=client_id):
            await store.put_off(tx, tenant_id=tenant_id, application_id=client_id, look_at=look_at)
        else:
            await delete_application(tx, tenant_id=tenant_id, application_id=client_id)
    return len(overdue)
