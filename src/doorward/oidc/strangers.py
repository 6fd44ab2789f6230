"""RFC 6819 section 4.4.1.11: what strangers may make us store.

Whoever knows a client_id can begin sign-ins and, for a public client, push requests. Each is small
and short-lived, and so that a script cannot fill the disk with them, one address may store so much
in a minute: far more than people behind one address do, who send half a kilobyte each.
"""

from __future__ import annotations

import math
from datetime import timedelta

import msgspec

from doorward.errors import ServiceUnavailable
from doorward.kit.edge import Edge
from doorward.kit.rate_limit import RateLimit
from doorward.oidc.provider import Provider

BYTES_PER_MINUTE = 8 * 1024 * 1024
_OF_A_ROW = 512


def stranger_budget() -> RateLimit:
    """Return the budget of each address, for one process."""
    return RateLimit(BYTES_PER_MINUTE, window=timedelta(minutes=1))


def charge(provider: Provider, edge: Edge, params: dict[str, object]) -> None:
    """Count what is about to be stored for a stranger.

    Raises:
        ServiceUnavailable: the address has stored too much in this minute.
    """
    wait = provider.strangers.take(
        edge.client_ip,
        now=provider.clock.now().timestamp(),
        cost=_OF_A_ROW + len(msgspec.json.encode(params)),
    )
    if wait:
        raise ServiceUnavailable("an address stores too much", retry_after=math.ceil(wait))
