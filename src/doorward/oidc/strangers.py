"""RFC 6819 section 4.4.1.11: what strangers may make us store.

Whoever knows a client_id can begin sign-ins and, for a public client, push requests and ask for
device codes. Each is small and short-lived, and so that a script cannot fill the disk with them,
one address may store so much in a minute: far more than people behind one address do, who send half
a kilobyte each. Whoever is signed in may store as much, whatever others at that address do.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import msgspec

from doorward.errors import ServiceUnavailable
from doorward.kit.addresses import network_of
from doorward.kit.edge import Edge
from doorward.kit.rate_limit import RateLimit
from doorward.oidc.provider import Provider
from doorward.sessions.tables import Session

BYTES_PER_MINUTE = 8 * 1024 * 1024
_OF_A_ROW = 512


def stranger_budget() -> RateLimit:
    """Return the budget of each address, for one process."""
    return RateLimit(BYTES_PER_MINUTE, window=timedelta(minutes=1))


def charge(
    provider: Provider, edge: Edge, params: dict[str, Any], *, session: Session | None = None
) -> None:
    """Count what is about to be stored for a stranger, or for the user of `session`: in a tenant
    that lets people register, that is a stranger with an account.

    Raises:
        ServiceUnavailable: the address, or the user, has stored too much in this minute.
    """
    who = network_of(edge.client_ip) if session is None else f"user {session.user_id}"
    wait = provider.strangers.take(
        who,
        now=provider.clock.now().timestamp(),
        cost=_OF_A_ROW + len(msgspec.json.encode(params)),
    )
    if wait:
        raise ServiceUnavailable("one party stores too much", retry_after=math.ceil(wait))
